package import Storage

/// The tables of tag catalogs, markers and savings opportunities.
package enum SavingsSchema {
    package static let unitMetrics = [
        Migration(
            "0017-unit-metrics",
            """
            CREATE TABLE unit_metrics (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL,
                numerator TEXT NOT NULL, denominator TEXT NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
                updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id), UNIQUE (workspace, mode, name)
            ) STRICT, WITHOUT ROWID
            """)
    ]

    package static let endings = [Migration("0080-opportunities-gone", "ALTER TABLE opportunities ADD COLUMN gone_at INTEGER")]

    package static let migrations = [
        Migration(
            "0016-savings",
            """
            CREATE TABLE tag_catalogs (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, catalog_key TEXT NOT NULL, name TEXT NOT NULL,
                tags TEXT NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id), UNIQUE (workspace, mode, catalog_key)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE markers (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, hour INTEGER NOT NULL, type TEXT NOT NULL, team TEXT,
                team_made_at INTEGER, description TEXT, event_url TEXT, fingerprint BLOB NOT NULL, created_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id), UNIQUE (workspace, mode, fingerprint)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX markers_by_hour ON markers (workspace, mode, hour, id)",
            """
            CREATE TABLE savings_numbers (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, noun TEXT NOT NULL, last INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, noun)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE opportunity_threads (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL,
                status TEXT NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE opportunities (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, source TEXT NOT NULL, type TEXT NOT NULL,
                record_id TEXT NOT NULL, status TEXT NOT NULL, place TEXT NOT NULL, difficulty TEXT NOT NULL, impact TEXT NOT NULL,
                priority INTEGER, thread INTEGER, pull_request TEXT, secondary_id INTEGER, automation INTEGER NOT NULL,
                details TEXT NOT NULL, is_manual INTEGER NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
                last_detected_at INTEGER NOT NULL, status_updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id), UNIQUE (workspace, mode, source, type, record_id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX opportunities_by_thread ON opportunities (workspace, mode, thread)")
    ]
}
