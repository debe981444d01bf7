import Kernel
import Prices
import Storage

/// How far the cost rows reach, and since when some of them are not what they were.
struct Freshness: Sendable {
    /// The end of the latest charge period.
    let dataThrough: Timestamp?
    /// When the last import took the place of earlier rows.
    let restatedSince: Timestamp?

    /// The last of our own charges, by its id; nil without any.
    static func lastCharge(in tenant: Tenant, _ connection: Connection) throws -> String? {
        try ChargeRecords.last(in: tenant, connection)
    }

    static func read(in tenant: Tenant, _ connection: Connection) throws -> Freshness {
        func newest(_ sql: String) throws -> Timestamp? {
            try connection.row(sql, tenant.workspace, tenant.mode) { try $0.get(0, as: Timestamp?.self) }.flatMap(\.self)
        }
        let imported = try newest("SELECT MAX(last_charge) FROM cost_segments WHERE workspace = ? AND mode = ? AND is_live = 1")
        let own = try ChargeRecords.end(in: tenant, connection)
        return Freshness(
            dataThrough: [imported, own].compactMap(\.self).max(),
            restatedSince: try newest(
                """
                SELECT MAX(finished_at) FROM cost_imports
                WHERE workspace = ? AND mode = ? AND replaced_rows > 0 AND status IN ('succeeded', 'replaced')
                """))
    }
}
