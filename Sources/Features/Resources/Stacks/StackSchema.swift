package import Storage

package enum StackSchema {
    package static let migrations = [
        Migration(
            "0160-stacks",
            // A definition may hold secrets, and is sealed.
            """
            CREATE TABLE stacks (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, project TEXT NOT NULL, name TEXT NOT NULL,
                definition BLOB NOT NULL, version INTEGER NOT NULL, run TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id), UNIQUE (workspace, mode, project, name)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE stack_members (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, stack TEXT NOT NULL, key TEXT NOT NULL, resource TEXT NOT NULL, needs TEXT NOT NULL,
                PRIMARY KEY (workspace, mode, stack, key), UNIQUE (workspace, mode, resource)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE stack_plans (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, project TEXT NOT NULL, stack TEXT NOT NULL, name TEXT NOT NULL,
                definition BLOB NOT NULL, stack_version INTEGER NOT NULL, changes TEXT NOT NULL, base_seq INTEGER NOT NULL, digest TEXT NOT NULL,
                state TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX stack_plans_by_age ON stack_plans (created_at)",
            """
            CREATE TABLE stack_runs (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, project TEXT NOT NULL, stack TEXT NOT NULL, plan TEXT,
                rolls_back INTEGER NOT NULL, state TEXT NOT NULL, steps TEXT NOT NULL, error TEXT, actor TEXT NOT NULL, request TEXT,
                created_at INTEGER NOT NULL, finished_at INTEGER,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX stack_runs_unfinished ON stack_runs (created_at) WHERE finished_at IS NULL")
    ]

    package static let templates = [
        Migration(
            "0221-stack-templates",
            // `content` may hold secrets, as a definition, and is sealed.
            """
            CREATE TABLE stack_templates (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, project TEXT, name TEXT NOT NULL, description TEXT NOT NULL,
                content BLOB NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE UNIQUE INDEX stack_templates_by_name ON stack_templates (workspace, mode, COALESCE(project, ''), name)")
    ]
}
