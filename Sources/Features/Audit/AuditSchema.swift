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

    /// Of a report only what is signed is kept.
    package static let reports = [
        Migration(
            "0072-compliance-reports",
            """
            CREATE TABLE compliance_reports (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, format TEXT NOT NULL, generated_at INTEGER NOT NULL,
                manifest TEXT NOT NULL, signature BLOB NOT NULL, public_key BLOB NOT NULL,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE compliance_attestations (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, report TEXT NOT NULL, place INTEGER NOT NULL, actor_type TEXT NOT NULL,
                actor TEXT NOT NULL, credential TEXT, decision TEXT NOT NULL, note TEXT NOT NULL, at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, report, place)
            ) STRICT, WITHOUT ROWID
            """)
    ]
}
