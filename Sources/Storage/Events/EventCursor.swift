package import Kernel

/// How far a consumer has read the log of a tenant: a row that commits with what the consumer did about it, so that it may die at any
/// point and neither misses an event nor handles one twice.
package enum EventCursor {
    /// A chain that has rows the consumer has not handled.
    package struct Backlog: Sendable, Equatable {
        package let tenant: Tenant
        /// The last number handled; 0 for a consumer that never was there.
        package let handled: Int64
        package let head: Int64

        package init(tenant: Tenant, handled: Int64, head: Int64) {
            self.tenant = tenant
            self.handled = handled
            self.head = head
        }
    }

    /// The last number handled; nil for a consumer that never was there.
    package static func sequence(of consumer: String, in tenant: Tenant, _ connection: Connection) throws -> Int64? {
        try connection.row(
            "SELECT sequence FROM event_cursors WHERE consumer = ? AND workspace = ? AND mode = ?", consumer, tenant.workspace, tenant.mode
        ) { try $0.get(0) }
    }

    /// Notes that everything up to `sequence` has been handled.
    package static func set(_ sequence: Int64, of consumer: String, in tenant: Tenant, _ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO event_cursors (consumer, workspace, mode, sequence) VALUES (?, ?, ?, ?)
            ON CONFLICT (consumer, workspace, mode) DO UPDATE SET sequence = excluded.sequence
            """, consumer, tenant.workspace, tenant.mode, sequence)
    }

    package static func remove(_ consumer: String, in tenant: Tenant, _ connection: Connection) throws {
        try connection.execute(
            "DELETE FROM event_cursors WHERE consumer = ? AND workspace = ? AND mode = ?", consumer, tenant.workspace, tenant.mode)
    }

    /// Every chain of every tenant with rows that the consumer has not handled: two narrow tables, never the events themselves.
    package static func backlogs(of consumer: String, _ connection: Connection) throws -> [Backlog] {
        try connection.rows(
            """
            SELECT c.workspace, c.mode, COALESCE(r.sequence, 0), c.sequence FROM chains c
            LEFT JOIN event_cursors r ON r.consumer = ? AND r.workspace = c.workspace AND r.mode = c.mode
            WHERE c.sequence > COALESCE(r.sequence, 0) ORDER BY c.workspace, c.mode
            """, consumer
        ) {
            try Backlog(tenant: Tenant(workspace: $0.get(0), mode: $0.get(1)), handled: $0.get(2), head: $0.get(3))
        }
    }
}
