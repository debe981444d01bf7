package import Storage

package enum OAuthSchema {
    package static let migrations = [
        Migration(
            "0090-oauth",
            """
            CREATE TABLE oauth_clients (
                workspace TEXT NOT NULL, id TEXT NOT NULL, mode TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, project TEXT,
                role TEXT NOT NULL, scopes TEXT NOT NULL, redirects TEXT NOT NULL, grant_types TEXT NOT NULL, digest BLOB, last_four TEXT,
                previous_digest BLOB, previous_until INTEGER, rate_limit INTEGER, profile TEXT NOT NULL, last_token_at INTEGER,
                version INTEGER NOT NULL, created_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE UNIQUE INDEX oauth_clients_by_id ON oauth_clients (id)",
            """
            CREATE TABLE oauth_grants (
                workspace TEXT NOT NULL, id TEXT NOT NULL, mode TEXT NOT NULL, client TEXT NOT NULL, person TEXT NOT NULL, scopes TEXT NOT NULL,
                created_at INTEGER NOT NULL, used_at INTEGER, expires_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX oauth_grants_by_person ON oauth_grants (workspace, person, id)",
            "CREATE INDEX oauth_grants_by_client ON oauth_grants (workspace, client)",
            "CREATE INDEX oauth_grants_by_expiry ON oauth_grants (expires_at)",
            // Found by the hash of a secret, before anything is known of the tenant.
            """
            CREATE TABLE oauth_codes (
                digest BLOB NOT NULL PRIMARY KEY, workspace TEXT NOT NULL, grant_id TEXT NOT NULL, client TEXT NOT NULL, redirect TEXT NOT NULL,
                redirect_sent INTEGER NOT NULL, challenge TEXT NOT NULL, expires_at INTEGER NOT NULL, used_at INTEGER
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX oauth_codes_by_grant ON oauth_codes (workspace, grant_id)",
            """
            CREATE TABLE oauth_refresh_tokens (
                digest BLOB NOT NULL PRIMARY KEY, workspace TEXT NOT NULL, grant_id TEXT NOT NULL, issued_at INTEGER NOT NULL,
                expires_at INTEGER NOT NULL, used_at INTEGER, answer BLOB
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX oauth_refresh_tokens_by_grant ON oauth_refresh_tokens (workspace, grant_id)",
            """
            CREATE TABLE oauth_tokens (
                digest BLOB NOT NULL PRIMARY KEY, workspace TEXT NOT NULL, client TEXT NOT NULL, grant_id TEXT, scopes TEXT NOT NULL,
                issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX oauth_tokens_by_expiry ON oauth_tokens (expires_at)",
            // Most tokens are a client's own and have no grant; the index is not theirs to pay for.
            "CREATE INDEX oauth_tokens_by_grant ON oauth_tokens (workspace, grant_id) WHERE grant_id IS NOT NULL")
    ]

    /// What the sweep looks for.
    package static let sweep = [
        Migration(
            "0096-oauth-sweep",
            "CREATE INDEX oauth_refresh_tokens_by_expiry ON oauth_refresh_tokens (expires_at)",
            "CREATE INDEX oauth_refresh_tokens_by_answer ON oauth_refresh_tokens (workspace, grant_id) WHERE answer IS NOT NULL",
            "CREATE INDEX oauth_refresh_tokens_by_use ON oauth_refresh_tokens (used_at) WHERE answer IS NOT NULL")
    ]
}
