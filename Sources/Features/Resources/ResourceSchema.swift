package import Storage

package enum ResourceSchema {
    package static let migrations = [
        Migration(
            "0020-resources",
            // One row: which installation this is, and how often its engine has started.
            "CREATE TABLE engine (id INTEGER PRIMARY KEY, installation TEXT NOT NULL, epoch INTEGER NOT NULL) STRICT",
            """
            CREATE TABLE connections (
                workspace TEXT NOT NULL REFERENCES workspaces (id), mode TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
                provider TEXT NOT NULL, settings TEXT NOT NULL, secret BLOB, projects TEXT, state TEXT NOT NULL, state_detail TEXT NOT NULL,
                capabilities TEXT, verified_at INTEGER, version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id), UNIQUE (workspace, mode, name)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE resources (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, account TEXT NOT NULL, project TEXT NOT NULL,
                environment TEXT NOT NULL, name TEXT NOT NULL, connection TEXT NOT NULL, provider TEXT NOT NULL, location TEXT NOT NULL, phase TEXT NOT NULL, power TEXT,
                spec TEXT NOT NULL, sealed BLOB, labels TEXT NOT NULL, depends_on TEXT NOT NULL, observed TEXT NOT NULL, conditions TEXT NOT NULL,
                reference TEXT, is_protected INTEGER NOT NULL, expires_at INTEGER, generation INTEGER NOT NULL,
                observed_generation INTEGER NOT NULL, metadata INTEGER NOT NULL, operation TEXT, created_at INTEGER NOT NULL,
                updated_at INTEGER NOT NULL, synced_at INTEGER, deleted_at INTEGER, purge_at INTEGER,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE UNIQUE INDEX resources_by_name ON resources (workspace, mode, project, kind, name) WHERE phase <> 'purged'",
            "CREATE INDEX resources_by_kind ON resources (workspace, mode, project, kind, id)",
            "CREATE INDEX resources_by_expiry ON resources (expires_at) WHERE expires_at IS NOT NULL",
            "CREATE INDEX resources_running ON resources (synced_at) WHERE power = 'running'",
            "CREATE INDEX resources_by_connection ON resources (workspace, mode, connection)",
            "CREATE INDEX resources_by_purge ON resources (purge_at) WHERE purge_at IS NOT NULL",
            """
            CREATE TABLE resource_labels (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, resource TEXT NOT NULL,
                PRIMARY KEY (workspace, mode, name, value, resource)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX resource_labels_by_resource ON resource_labels (workspace, mode, resource)",
            // Who needs whom: `resource` cannot be without `target`.
            """
            CREATE TABLE resource_links (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, target TEXT NOT NULL, resource TEXT NOT NULL, relation TEXT NOT NULL,
                PRIMARY KEY (workspace, mode, target, resource, relation)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX resource_links_by_resource ON resource_links (workspace, mode, resource)",
            """
            CREATE TABLE operations (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, project TEXT NOT NULL, kind TEXT NOT NULL, resource TEXT NOT NULL,
                connection TEXT NOT NULL, type TEXT NOT NULL, state TEXT NOT NULL, steps TEXT NOT NULL, input TEXT NOT NULL, error TEXT,
                is_noop INTEGER NOT NULL, place INTEGER NOT NULL, waits_for TEXT NOT NULL, superseded_by TEXT, actor TEXT NOT NULL, request TEXT,
                epoch INTEGER NOT NULL, due_at INTEGER, created_at INTEGER NOT NULL, started_at INTEGER, finished_at INTEGER,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX operations_by_resource ON operations (workspace, mode, resource, id)",
            "CREATE INDEX operations_unfinished ON operations (workspace, mode, resource, place) WHERE finished_at IS NULL",
            "CREATE INDEX operations_due ON operations (due_at) WHERE due_at IS NOT NULL",
            """
            CREATE TABLE instance_samples (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, instance TEXT NOT NULL, taken_at INTEGER NOT NULL, cpu_millipercent INTEGER NOT NULL,
                memory INTEGER NOT NULL, memory_limit INTEGER NOT NULL, received INTEGER NOT NULL, sent INTEGER NOT NULL,
                disk_read INTEGER NOT NULL, disk_written INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, instance, taken_at)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX instance_samples_by_age ON instance_samples (taken_at)")
    ]

    /// With the connection beside the moment, what is due is found without looking at each operation of a busy connection.
    package static let fairness = [
        Migration(
            "0061-operations-due", "DROP INDEX operations_due",
            "CREATE INDEX operations_due ON operations (due_at, connection) WHERE due_at IS NOT NULL")
    ]

    /// With the connection first, one that has thousands waiting is passed over in one step.
    package static let turns = [
        Migration(
            "0153-operations-due", "DROP INDEX operations_due",
            "CREATE INDEX operations_due ON operations (connection, due_at) WHERE due_at IS NOT NULL")
    ]

    /// Projects that admit nothing; in one mode only.
    package static let freezes = [
        Migration(
            "0050-project-freezes",
            """
            CREATE TABLE project_freezes (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, project TEXT NOT NULL, reason TEXT NOT NULL, holder TEXT NOT NULL,
                frozen_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, project, holder)
            ) STRICT, WITHOUT ROWID
            """)
    ]
}
