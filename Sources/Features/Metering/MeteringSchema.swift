package import Storage

package enum MeteringSchema {
    package static let migrations = [
        Migration(
            "0006-metering",
            """
            CREATE TABLE request_minutes (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, project TEXT NOT NULL, minute INTEGER NOT NULL, credential TEXT NOT NULL,
                route TEXT NOT NULL, account TEXT NOT NULL, requests INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, project, minute, credential, route, account)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX request_minutes_by_account ON request_minutes (workspace, mode, account, minute)",
            "CREATE INDEX request_minutes_by_age ON request_minutes (minute)",
            """
            CREATE TABLE request_hours (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, account TEXT NOT NULL, hour INTEGER NOT NULL, project TEXT NOT NULL,
                requests INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, account, hour, project)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX request_hours_by_project ON request_hours (workspace, mode, project, hour)",
            "CREATE TABLE request_meters (id TEXT PRIMARY KEY, flushed_at INTEGER NOT NULL, is_running INTEGER NOT NULL) STRICT")
    ]
}
