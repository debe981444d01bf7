package import Storage

package enum ScheduleSchema {
    package static let migrations = [
        Migration(
            "0165-schedules",
            """
            CREATE TABLE schedules (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, project TEXT NOT NULL, name TEXT NOT NULL,
                is_enabled INTEGER NOT NULL, times TEXT NOT NULL, selector TEXT, instances TEXT NOT NULL, next_at INTEGER, next_power TEXT,
                saved_amount TEXT NOT NULL, saved_milliseconds INTEGER NOT NULL, saved_currency TEXT NOT NULL, version INTEGER NOT NULL,
                created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX schedules_due ON schedules (next_at) WHERE next_at IS NOT NULL",
            // A stop whose saving is not settled yet.
            """
            CREATE TABLE schedule_stops (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, schedule TEXT NOT NULL, instance TEXT NOT NULL, sku TEXT NOT NULL,
                stopped_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, schedule, instance, stopped_at)
            ) STRICT, WITHOUT ROWID
            """)
    ]
}
