package import Storage

package enum CostSchema {
    package static let migrations = [
        Migration(
            "0030-costs",
            """
            CREATE TABLE cost_imports (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
                replacing TEXT NOT NULL, skips_bad_rows INTEGER NOT NULL, bytes INTEGER NOT NULL, rows INTEGER NOT NULL,
                skipped_rows INTEGER NOT NULL, replaced_rows INTEGER NOT NULL, report TEXT NOT NULL, file TEXT NOT NULL,
                created_at INTEGER NOT NULL, finished_at INTEGER,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX cost_imports_by_status ON cost_imports (status, created_at)",
            """
            CREATE TABLE cost_segments (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, import TEXT NOT NULL, number INTEGER NOT NULL, is_live INTEGER NOT NULL,
                provider TEXT NOT NULL, billing_account TEXT NOT NULL, billing_period INTEGER NOT NULL, first_charge INTEGER NOT NULL,
                last_charge INTEGER NOT NULL, rows INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, import, number)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX cost_segments_by_charge ON cost_segments (workspace, mode, is_live, last_charge)",
            """
            CREATE TABLE cost_cells (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, import TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,
                kind INTEGER NOT NULL, data BLOB NOT NULL,
                PRIMARY KEY (workspace, mode, import, number, name)
            ) STRICT
            """,
            """
            CREATE TABLE cost_views (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL,
                settings TEXT NOT NULL, is_default INTEGER NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
                updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id), UNIQUE (workspace, mode, name)
            ) STRICT, WITHOUT ROWID
            """,
            """
            INSERT INTO cost_views (workspace, mode, id, name, description, settings, is_default, version, created_at, updated_at)
            SELECT w.id, m.mode, 'cv_' || substr(w.id, 5), 'Default', 'All cost.', '{}', 1, 1, w.created_at, w.created_at
            FROM workspaces w CROSS JOIN (SELECT 'live' AS mode UNION ALL SELECT 'test') m
            """,
            """
            CREATE TABLE cost_columns (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,
                formula TEXT NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id), UNIQUE (workspace, mode, number), UNIQUE (workspace, mode, name)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE cost_column_numbers (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (workspace, mode)
            ) STRICT, WITHOUT ROWID
            """)
    ]
}
