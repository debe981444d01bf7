package import Storage

package enum AlertSchema {
    package static let migrations = [
        Migration(
            "0051-alerts",
            // Times in seconds but for moments, which are milliseconds. `state`, `since` and `notified_at` are where it stands.
            """
            CREATE TABLE alerts (
                workspace TEXT NOT NULL REFERENCES workspaces (id), mode TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
                account TEXT, project TEXT, resource TEXT, selector TEXT, projects TEXT, rule TEXT NOT NULL, recover TEXT,
                pending_for INTEGER NOT NULL, keep_firing_for INTEGER NOT NULL, repeat_every INTEGER NOT NULL, no_data TEXT NOT NULL,
                channels TEXT NOT NULL, action TEXT, severity TEXT NOT NULL, labels TEXT NOT NULL, currency TEXT NOT NULL,
                state TEXT NOT NULL, since INTEGER NOT NULL, notified_at INTEGER, silenced_until INTEGER, silence_reason TEXT,
                owes_notice INTEGER NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE alert_changes (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, alert TEXT NOT NULL, place INTEGER NOT NULL, id TEXT NOT NULL,
                at INTEGER NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, readings TEXT NOT NULL, is_silenced INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, alert, place)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX alert_changes_by_age ON alert_changes (at)",
            // What an alert has done, and what it did it to.
            """
            CREATE TABLE alert_deeds (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, alert TEXT NOT NULL, id TEXT NOT NULL, action TEXT NOT NULL,
                resources TEXT NOT NULL, failures TEXT NOT NULL, at INTEGER NOT NULL, undone_at INTEGER,
                PRIMARY KEY (workspace, mode, alert, id)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE alert_channels (
                workspace TEXT NOT NULL REFERENCES workspaces (id), mode TEXT NOT NULL, type TEXT NOT NULL, url BLOB NOT NULL,
                hint TEXT NOT NULL, error TEXT, connected_at INTEGER NOT NULL, delivered_at INTEGER,
                PRIMARY KEY (workspace, mode, type)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE alert_messages (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, place INTEGER NOT NULL, channel TEXT NOT NULL, alert TEXT, kind TEXT NOT NULL,
                body TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, due_at INTEGER NOT NULL, error TEXT,
                created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, place)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX alert_messages_queued ON alert_messages (workspace, mode, place) WHERE state = 'queued'",
            "CREATE INDEX alert_messages_by_age ON alert_messages (updated_at)")
    ]

    package static let groups = [
        Migration(
            "0092-alert-groups",
            // `group_by` is a JSON array of keys. `label_set` is a JSON object in their order: which group a state, change or deed is of.
            "ALTER TABLE alerts ADD COLUMN group_by TEXT",
            "ALTER TABLE alerts ADD COLUMN silence_matchers TEXT",
            "ALTER TABLE alert_changes ADD COLUMN label_set TEXT",
            "ALTER TABLE alert_deeds ADD COLUMN label_set TEXT",
            """
            CREATE TABLE alert_groups (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, alert TEXT NOT NULL, label_set TEXT NOT NULL, state TEXT NOT NULL,
                since INTEGER NOT NULL, notified_at INTEGER, owes_notice INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, alert, label_set)
            ) STRICT, WITHOUT ROWID
            """)
    ]

    /// How far an alert has heard of what came late, and for which hour it fired because of that.
    package static let late = [
        Migration(
            "0095-alert-late", "ALTER TABLE alerts ADD COLUMN late_mark TEXT", "ALTER TABLE alert_changes ADD COLUMN late_hour INTEGER")
    ]

    /// `traceparent` of the change that a message tells of.
    package static let traces = [Migration("0093-alert-message-traces", "ALTER TABLE alert_messages ADD COLUMN trace TEXT")]
}
