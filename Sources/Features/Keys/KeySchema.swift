package import Storage

package enum KeySchema {
    package static let migrations = [
        Migration(
            "0005-keys",
            """
            CREATE TABLE credentials (
                workspace TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, mode TEXT NOT NULL, project TEXT, projects TEXT, name TEXT NOT NULL,
                prefix TEXT NOT NULL, last_four TEXT NOT NULL, digest BLOB NOT NULL, previous_digest BLOB, previous_until INTEGER, role TEXT NOT NULL,
                scopes TEXT NOT NULL, profile TEXT NOT NULL, address_ranges TEXT NOT NULL, rate_limit INTEGER, limited_as TEXT NOT NULL, person TEXT,
                parent TEXT, expires_at INTEGER, revoked_at INTEGER, last_used_at INTEGER, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE UNIQUE INDEX credentials_by_digest ON credentials (digest)",
            "CREATE UNIQUE INDEX credentials_by_previous_digest ON credentials (previous_digest)",
            "CREATE INDEX credentials_by_parent ON credentials (workspace, parent)")
    ]
}
