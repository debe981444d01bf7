package import Storage

package enum PriceSchema {
    package static let viewBudgets = [
        Migration(
            "0081-view-budgets", "ALTER TABLE budgets ADD COLUMN thresholds TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE budgets ADD COLUMN forecast_thresholds TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE budgets ADD COLUMN reached TEXT NOT NULL DEFAULT ''")
    ]

    /// Buckets, addresses and firewalls are counted like the kinds before them.
    package static let moreKinds = [
        Migration(
            "0120-quotas-of-more-kinds", "ALTER TABLE quota_use ADD COLUMN buckets INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE quota_use ADD COLUMN ips INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE quota_use ADD COLUMN firewalls INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE quota_use ADD COLUMN buckets_limit INTEGER", "ALTER TABLE quota_use ADD COLUMN ips_limit INTEGER",
            "ALTER TABLE quota_use ADD COLUMN firewalls_limit INTEGER")
    ]

    /// Snapshots are counted, and have a price in the books there are: like volumes, since ever.
    package static let snapshots = [
        Migration(
            "0200-snapshots", "ALTER TABLE quota_use ADD COLUMN snapshots INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE quota_use ADD COLUMN snapshots_limit INTEGER",
            """
            INSERT INTO prices (workspace, mode, id, sku, provider, location, unit, amount, currency, description, effective_from, version,
                created_at, updated_at)
            SELECT workspace, mode, 'prc_01kam000000000000000000000', 'snapshot', '*', '*', 'gib_hour', '0.00007', 'USD', '',
                MIN(effective_from), 1, MIN(created_at), MIN(updated_at)
            FROM prices WHERE sku = 'volume.standard' AND provider = '*' AND location = '*' GROUP BY workspace, mode
            """)
    ]

    /// Few commitments are of what is gone.
    package static let releases = [
        Migration(
            "0240-commitments-by-release", "DROP INDEX commitments_by_release",
            "CREATE INDEX commitments_by_release ON commitments (since) WHERE is_released = 1")
    ]

    package static let migrations = [
        Migration(
            "0010-prices",
            """
            CREATE TABLE prices (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, sku TEXT NOT NULL, provider TEXT NOT NULL,
                location TEXT NOT NULL, unit TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL, description TEXT NOT NULL,
                effective_from INTEGER NOT NULL, ends_at INTEGER, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
                updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id), UNIQUE (workspace, mode, sku, provider, location, effective_from)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE quota_use (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, scope TEXT NOT NULL, instances INTEGER NOT NULL, volumes INTEGER NOT NULL,
                networks INTEGER NOT NULL, milli_cpus INTEGER NOT NULL, memory_mib INTEGER NOT NULL, volume_gib INTEGER NOT NULL,
                instances_limit INTEGER, volumes_limit INTEGER, networks_limit INTEGER, milli_cpus_limit INTEGER,
                memory_mib_limit INTEGER, volume_gib_limit INTEGER,
                PRIMARY KEY (workspace, mode, scope)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE budgets (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, scope_kind TEXT NOT NULL,
                scope TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL, enforced INTEGER NOT NULL, committed TEXT NOT NULL,
                period_start INTEGER NOT NULL, is_stale INTEGER NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
                updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id), UNIQUE (workspace, mode, name)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX budgets_by_scope ON budgets (workspace, mode, scope)",
            "CREATE INDEX budgets_by_freshness ON budgets (is_stale, period_start)",
            """
            CREATE TABLE commitments (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, resource TEXT NOT NULL, account TEXT NOT NULL, project TEXT NOT NULL,
                provider TEXT NOT NULL, location TEXT NOT NULL, lines TEXT NOT NULL, counts TEXT NOT NULL, since INTEGER NOT NULL,
                amounts TEXT NOT NULL, is_released INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, resource)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX commitments_by_account ON commitments (workspace, mode, account)",
            "CREATE INDEX commitments_by_project ON commitments (workspace, mode, project)",
            "CREATE INDEX commitments_by_release ON commitments (is_released, since)",
            """
            CREATE TABLE metered_intervals (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, resource TEXT NOT NULL, sku TEXT NOT NULL, started_at INTEGER NOT NULL,
                ended_at INTEGER, units INTEGER NOT NULL, closed_until INTEGER NOT NULL, is_closed INTEGER NOT NULL,
                account TEXT NOT NULL, project TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, provider TEXT NOT NULL,
                location TEXT NOT NULL, labels TEXT NOT NULL,
                PRIMARY KEY (workspace, mode, resource, sku, started_at)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX metered_intervals_due ON metered_intervals (is_closed, closed_until)",
            """
            CREATE TABLE charges (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, hour INTEGER NOT NULL, resource TEXT NOT NULL,
                kind TEXT NOT NULL, name TEXT NOT NULL, account TEXT NOT NULL, project TEXT NOT NULL, provider TEXT NOT NULL,
                location TEXT NOT NULL, labels TEXT NOT NULL, sku TEXT NOT NULL, price TEXT, unit TEXT NOT NULL, unit_price TEXT NOT NULL,
                currency TEXT NOT NULL, quantity TEXT NOT NULL, cost TEXT NOT NULL,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX charges_by_resource ON charges (workspace, mode, resource, id)",
            "CREATE INDEX charges_by_project ON charges (workspace, mode, project, id)",
            "CREATE INDEX charges_by_account ON charges (workspace, mode, account, id)")
    ]
}
