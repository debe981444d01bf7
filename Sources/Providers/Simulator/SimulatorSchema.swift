package import Storage

/// The simulated clouds' own memory. No other feature reads or writes these tables: to the lifecycle engine they are as far away as a remote
/// cloud's, and they can be counted from outside.
package enum SimulatorSchema {
    /// What an object of the later kinds is set to, in one column: a bucket's settings, an address, the rules of a firewall.
    package static let moreKinds = [
        Migration("0121-simulator-more-kinds", "ALTER TABLE simulator_objects ADD COLUMN settings TEXT")
    ]

    package static let migrations = [
        Migration(
            "0030-simulator",
            """
            CREATE TABLE simulator_objects (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, connection TEXT NOT NULL, kind TEXT NOT NULL, reference TEXT NOT NULL,
                name TEXT NOT NULL, unique_key TEXT, installation TEXT, resource TEXT, labels TEXT NOT NULL, made_at INTEGER NOT NULL,
                power TEXT, running_since INTEGER, ended_at INTEGER, exit_code INTEGER, milli_cpus INTEGER, memory_mib INTEGER,
                image TEXT, size_gib INTEGER, cidr TEXT, reaches_outside INTEGER,
                PRIMARY KEY (workspace, mode, connection, kind, reference), UNIQUE (workspace, mode, connection, kind, unique_key)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX simulator_objects_by_name ON simulator_objects (workspace, mode, connection, kind, name)",
            // What an instance has: volumes with a path, networks with an address and the address's place in the network.
            """
            CREATE TABLE simulator_links (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, connection TEXT NOT NULL, instance TEXT NOT NULL, kind TEXT NOT NULL,
                target TEXT NOT NULL, detail TEXT NOT NULL, place INTEGER,
                PRIMARY KEY (workspace, mode, connection, instance, kind, target)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX simulator_links_by_target ON simulator_links (workspace, mode, connection, kind, target, place)",
            // How often a fault of a connection's settings has fired.
            """
            CREATE TABLE simulator_faults (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, connection TEXT NOT NULL, settings TEXT NOT NULL, fault INTEGER NOT NULL,
                fired INTEGER NOT NULL, PRIMARY KEY (workspace, mode, connection, settings, fault)
            ) STRICT, WITHOUT ROWID
            """)
    ]
}
