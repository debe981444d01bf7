package enum EventSchema {
    package static let migrations = [
        Migration(
            "0001-event-log",
            """
            CREATE TABLE chains (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, sequence INTEGER NOT NULL, hash BLOB NOT NULL,
                PRIMARY KEY (workspace, mode)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE events (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, sequence INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
                subject TEXT NOT NULL, actor TEXT NOT NULL, request TEXT, occurred_at INTEGER NOT NULL, canonical BLOB NOT NULL, personal BLOB,
                hash BLOB NOT NULL,
                PRIMARY KEY (workspace, mode, sequence)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX events_by_subject ON events (workspace, mode, subject, sequence)",
            "CREATE INDEX events_by_request ON events (workspace, mode, request)")
    ]

    /// What those who read the log need. The project of a row written before this stays unknown, so it is shown to no project.
    package static let consumers = [
        Migration(
            "0030-event-consumers",
            "ALTER TABLE events ADD COLUMN project TEXT",
            "CREATE INDEX events_by_type ON events (workspace, mode, type, sequence)",
            "CREATE INDEX events_by_project ON events (workspace, mode, project, sequence) WHERE project IS NOT NULL",
            """
            CREATE TABLE event_cursors (
                consumer TEXT NOT NULL, workspace TEXT NOT NULL, mode TEXT NOT NULL, sequence INTEGER NOT NULL,
                PRIMARY KEY (consumer, workspace, mode)
            ) STRICT, WITHOUT ROWID
            """)
    ]

    /// What an event names as its cause, so that a trace finds what came of something.
    package static let causes = [
        Migration(
            "0071-event-causes",
            """
            CREATE TABLE event_causes (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, cause TEXT NOT NULL, sequence INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, cause, sequence)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX event_causes_by_age ON event_causes (workspace, mode, sequence)")
    ]

    /// For what was true at a moment.
    package static let moments = [
        Migration(
            "0110-event-moments", "CREATE INDEX events_by_moment ON events (workspace, mode, subject, occurred_at, sequence)")
    ]

    /// SQLite keeps at most a quarter of a page of a row inside the tree of a table WITHOUT ROWID, and gives the rest a page of its own: 4.6 KB for an
    /// event of 1 KB. A table with row numbers keeps rows of up to a page whole.
    package static let wideRows = [
        Migration(
            "0150-event-rows", only: .sqlite,
            """
            CREATE TABLE wide_events (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, sequence INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
                subject TEXT NOT NULL, actor TEXT NOT NULL, request TEXT, occurred_at INTEGER NOT NULL, canonical BLOB NOT NULL, personal BLOB,
                hash BLOB NOT NULL, project TEXT,
                PRIMARY KEY (workspace, mode, sequence)
            ) STRICT
            """,
            """
            INSERT INTO wide_events (workspace, mode, sequence, id, type, subject, actor, request, occurred_at, canonical, personal, hash, project)
            SELECT workspace, mode, sequence, id, type, subject, actor, request, occurred_at, canonical, personal, hash, project
            FROM events ORDER BY workspace, mode, sequence
            """,
            "DROP TABLE events",
            "ALTER TABLE wide_events RENAME TO events",
            "CREATE INDEX events_by_request ON events (workspace, mode, request)",
            "CREATE INDEX events_by_type ON events (workspace, mode, type, sequence)",
            "CREATE INDEX events_by_project ON events (workspace, mode, project, sequence) WHERE project IS NOT NULL",
            "CREATE INDEX events_by_id ON events (workspace, mode, id)"),
        // One index tells both what was said about a subject and what was true of it at a moment.
        Migration(
            "0151-event-subjects", "DROP INDEX IF EXISTS events_by_moment", "DROP INDEX IF EXISTS events_by_subject",
            "CREATE INDEX events_by_subject ON events (workspace, mode, subject, sequence, occurred_at)"),
    ]

    package static let all = migrations + consumers + causes + moments + wideRows
}
