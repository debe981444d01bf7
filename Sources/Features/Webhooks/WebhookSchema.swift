package import Storage

package enum WebhookSchema {
    package static let migrations = [
        Migration(
            "0040-webhooks",
            // `starts_after`: the log's head when it was made; what happened before is not sent by itself.
            // `is_settled`: its deliveries are held, or due, as the endpoint's being off, or on, asks for.
            """
            CREATE TABLE webhook_endpoints (
                workspace TEXT NOT NULL REFERENCES workspaces (id), mode TEXT NOT NULL, id TEXT NOT NULL, url TEXT NOT NULL,
                description TEXT NOT NULL, events TEXT NOT NULL, projects TEXT, is_enabled INTEGER NOT NULL, disabled_reason TEXT,
                disabled_at INTEGER, secret BLOB NOT NULL, previous_secret BLOB, previous_until INTEGER, starts_after INTEGER NOT NULL,
                failing_since INTEGER, paused_until INTEGER, is_settled INTEGER NOT NULL, version INTEGER NOT NULL,
                created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX webhook_endpoints_unsettled ON webhook_endpoints (id) WHERE is_settled = 0",
            // One row for each endpoint and event, whatever happens. `attempts` counts all, `tries` those since it was last sent anew.
            """
            CREATE TABLE webhook_deliveries (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, endpoint TEXT NOT NULL, sequence INTEGER NOT NULL,
                event TEXT NOT NULL, type TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, tries INTEGER NOT NULL,
                due_at INTEGER, last_status INTEGER, last_error TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE UNIQUE INDEX webhook_deliveries_once ON webhook_deliveries (workspace, mode, endpoint, sequence)",
            """
            CREATE INDEX webhook_deliveries_due ON webhook_deliveries (workspace, mode, endpoint, due_at, sequence)
                WHERE due_at IS NOT NULL
            """,
            "CREATE INDEX webhook_deliveries_held ON webhook_deliveries (workspace, mode, endpoint, sequence) WHERE state = 'held'",
            "CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (workspace, mode, endpoint, sequence) WHERE state = 'failed'",
            "CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at)",
            """
            CREATE TABLE webhook_attempts (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, delivery TEXT NOT NULL, number INTEGER NOT NULL, sent_at INTEGER NOT NULL,
                duration INTEGER NOT NULL, signature TEXT NOT NULL, status INTEGER, error TEXT, body BLOB, is_truncated INTEGER NOT NULL,
                next_at INTEGER,
                PRIMARY KEY (workspace, mode, delivery, number)
            ) STRICT, WITHOUT ROWID
            """,
            // What is to be sent again, and how far that has come.
            """
            CREATE TABLE webhook_replays (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, endpoint TEXT NOT NULL, failed_only INTEGER NOT NULL,
                position INTEGER NOT NULL, last INTEGER NOT NULL, from_time INTEGER, to_time INTEGER,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            // To find what a replay names.
            "CREATE INDEX IF NOT EXISTS events_by_id ON events (workspace, mode, id)")
    ]

    package static let traces = [Migration("0073-webhook-traces", "ALTER TABLE webhook_attempts ADD COLUMN trace TEXT")]
}
