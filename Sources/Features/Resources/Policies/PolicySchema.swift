package import Storage

package enum PolicySchema {
    package static let migrations = [
        Migration(
            "0210-policies",
            """
            CREATE TABLE policies (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, project TEXT, name TEXT NOT NULL, message TEXT NOT NULL,
                kinds TEXT NOT NULL, environments TEXT NOT NULL, rule TEXT NOT NULL, enforcement TEXT NOT NULL, is_enabled INTEGER NOT NULL,
                version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id), UNIQUE (workspace, mode, name)
            ) STRICT, WITHOUT ROWID
            """),
        // Who made a plan, why it needs an approval, and who gave it.
        Migration(
            "0211-approvals", "ALTER TABLE stack_plans ADD COLUMN maker TEXT", "ALTER TABLE stack_plans ADD COLUMN approval TEXT"),
    ]
}
