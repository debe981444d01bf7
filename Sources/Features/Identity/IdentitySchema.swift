package import Storage

package enum IdentitySchema {
    package static let migrations = [
        Migration(
            "0004-identity",
            "CREATE TABLE workspaces (id TEXT PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL) STRICT",
            """
            CREATE TABLE accounts (
                workspace TEXT NOT NULL REFERENCES workspaces (id), id TEXT NOT NULL, name TEXT NOT NULL, is_default INTEGER NOT NULL,
                quota_requests INTEGER, included_requests INTEGER, version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, id)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE projects (
                workspace TEXT NOT NULL, id TEXT NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, env TEXT NOT NULL,
                status TEXT NOT NULL, quota_requests INTEGER, version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, id),
                FOREIGN KEY (workspace, account) REFERENCES accounts (workspace, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX projects_by_account ON projects (workspace, account)",
            "CREATE INDEX projects_by_name ON projects (workspace, name, id)",
            """
            CREATE TABLE users (
                workspace TEXT NOT NULL REFERENCES workspaces (id), id TEXT NOT NULL, email TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL,
                status TEXT NOT NULL, password TEXT, invitation BLOB, invited_until INTEGER, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
                updated_at INTEGER NOT NULL, last_sign_in_at INTEGER,
                PRIMARY KEY (workspace, id), UNIQUE (workspace, email)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX users_by_email ON users (email)",
            "CREATE UNIQUE INDEX users_by_invitation ON users (invitation)",
            """
            CREATE TABLE project_members (
                workspace TEXT NOT NULL, project TEXT NOT NULL, id TEXT NOT NULL, role TEXT NOT NULL, created_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, project, id),
                FOREIGN KEY (workspace, project) REFERENCES projects (workspace, id),
                FOREIGN KEY (workspace, id) REFERENCES users (workspace, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX project_members_by_user ON project_members (workspace, id)",
            """
            CREATE TABLE sessions (
                workspace TEXT NOT NULL, id TEXT NOT NULL, person TEXT NOT NULL, digest BLOB NOT NULL, created_at INTEGER NOT NULL,
                expires_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, id),
                FOREIGN KEY (workspace, person) REFERENCES users (workspace, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE UNIQUE INDEX sessions_by_digest ON sessions (digest)",
            "CREATE INDEX sessions_by_person ON sessions (workspace, person)")
    ]
    package static let teams = [
        Migration(
            "0015-teams",
            """
            CREATE TABLE teams (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, slack_channel TEXT, lists TEXT NOT NULL,
                version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE team_members (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, team TEXT NOT NULL, id TEXT NOT NULL, created_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, team, id),
                FOREIGN KEY (workspace, mode, team) REFERENCES teams (workspace, mode, id),
                FOREIGN KEY (workspace, id) REFERENCES users (workspace, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX team_members_by_user ON team_members (workspace, mode, id)")
    ]
}
