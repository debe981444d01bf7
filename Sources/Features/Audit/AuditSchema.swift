package import Storage

package enum AuditSchema {
    package static let migrations = [
        Migration(
            "0031-audit",
            """
            CREATE TABLE audit_checkpoints (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, sequence INTEGER NOT NULL, hash BLOB NOT NULL,
                created_at INTEGER NOT NULL, signature BLOB NOT NULL, public_key BLOB NOT NULL,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE audit_retention (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, days INTEGER NOT NULL CHECK (days > 0),
                PRIMARY KEY (workspace, mode)
            ) STRICT, WITHOUT ROWID
            """)
    ]
}
