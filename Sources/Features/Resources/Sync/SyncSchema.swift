package import Storage

extension ResourceSchema {
    /// How each resource is kept in step, and what was found to differ.
    package static let sync = [
        Migration(
            "0110-drift", "ALTER TABLE resources ADD COLUMN sync TEXT NOT NULL DEFAULT '{}'",
            // `place` is the resource's id, or the provider's own of an object that belongs to none.
            """
            CREATE TABLE drifts (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, project TEXT, connection TEXT NOT NULL, kind TEXT NOT NULL,
                place TEXT NOT NULL, resource TEXT, name TEXT, reference TEXT, class TEXT NOT NULL, status TEXT NOT NULL, fields TEXT NOT NULL,
                message TEXT NOT NULL, operation TEXT, reverts TEXT NOT NULL, cost_per_day TEXT, currency TEXT, resolution TEXT,
                detected_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, resolved_at INTEGER,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE UNIQUE INDEX drifts_open ON drifts (workspace, mode, connection, kind, place, class) WHERE resolved_at IS NULL",
            "CREATE INDEX drifts_by_resource ON drifts (workspace, mode, resource, updated_at)",
            "CREATE INDEX drifts_by_age ON drifts (resolved_at) WHERE resolved_at IS NOT NULL")
    ]
}
