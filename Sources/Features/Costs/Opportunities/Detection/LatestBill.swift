import Kernel
import Storage

/// The bill that says what a billing account costs in a month: the last one whose calendar month is over, or where there is none yet, the one
/// that runs.
///
/// A month that has just begun would make everything look small and much look gone, so bills that are over come first.
struct LatestBill {
    let key: BillKey
    let segments: [SegmentReader]
    /// The first moment of its charges, and the end of the last one.
    let from: Timestamp
    let to: Timestamp

    /// Of every provider and billing account, in their order.
    static func all(in tenant: Tenant, at now: Timestamp, _ cache: ColumnCache, _ connection: Connection) throws -> [LatestBill] {
        let rows = try connection.rows(
            """
            SELECT provider, billing_account, billing_period, import, number, rows, first_charge, last_charge FROM cost_segments
            WHERE workspace = ? AND mode = ? AND is_live = 1 ORDER BY provider, billing_account, billing_period, import, number
            """, tenant.workspace, tenant.mode
        ) { row in
            let segment = CostSegment(importID: try row.get(3), number: row.integer(4), rows: row.integer(5))
            return (
                key: BillKey(provider: row.text(0), billingAccount: row.text(1), period: row.time(2)), segment: segment,
                from: row.time(6), to: row.time(7)
            )
        }
        let bills = Dictionary(grouping: rows, by: \.key).map { key, parts in
            LatestBill(
                key: key,
                segments: parts.map {
                    SegmentReader(
                        source: .imported($0.segment), rows: $0.segment.rows, tenant: tenant, cache: cache, connection: connection)
                }, from: parts.map(\.from).min() ?? key.period, to: parts.map(\.to).max() ?? key.period)
        }
        return Dictionary(grouping: bills) { [$0.key.provider, $0.key.billingAccount] }.sorted {
            $0.key.lexicographicallyPrecedes($1.key)
        }.compactMap { _, own in
            let sorted = own.sorted { $0.key.period < $1.key.period }
            return sorted.last { $0.key.period < now.startOfMonth } ?? sorted.last
        }
    }

    /// Those who have bills.
    static func tenants(_ connection: Connection) throws -> [Tenant] {
        try connection.rows("SELECT DISTINCT workspace, mode FROM cost_segments WHERE is_live = 1 ORDER BY workspace, mode") {
            try Tenant(workspace: $0.get(0), mode: $0.get(1))
        }
    }
}
