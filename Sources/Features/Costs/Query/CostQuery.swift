import Kernel
import Storage

/// What is asked of the cost rows of a tenant. Sums are exact; currencies are never added.
package struct CostQuery: Sendable {
    package var type = CostType.unblended
    package var amortized = false
    package var exclude: Set<Exclusion> = []
    package var currency = "USD"
    package var groupBy: [Dimension] = []
    /// Of the view, and of the request.
    package var filters: [RowFilter] = []
    /// What the caller may see at all. No request can widen it, so it is never left out by mistake: it has no default.
    package var visible: [RowFilter]
    /// A charge is laid over the buckets that its period runs through, instead of being whole where it begins. Not for blended costs.
    var isSpread = false
    /// The formula, when the type is a cost column.
    var formula: CostFormula?

    package init(visible: [RowFilter]) { self.visible = visible }
}

/// Sums over buckets, of each group.
struct CostSums: Sendable {
    struct Group: Sendable {
        /// The value of each dimension; nil for rows without one.
        let key: [String?]
        /// One per bucket.
        var costs: [ExactDecimal]

        var total: ExactDecimal { costs.reduce(.zero, +) }
    }

    var groups: [Group] = []
    /// Rows that count.
    var rows = 0
    /// Rows left out because they lack the amount.
    var nullRows = 0
    /// Rows left out because they are in another currency.
    var otherCurrencyRows = 0
    /// The segments of the span, by name, of which these are the sums or those of a share.
    var segments: [String] = []

    /// All groups together.
    func totals(_ buckets: Int) -> [ExactDecimal] {
        groups.reduce(into: Array(repeating: .zero, count: buckets)) { sums, group in
            for (index, cost) in group.costs.enumerated() { sums[index] += cost }
        }
    }

    /// Adds another share of the same segments.
    mutating func add(_ share: CostSums) {
        var places = Dictionary(uniqueKeysWithValues: groups.enumerated().map { ($1.key, $0) })
        for group in share.groups {
            if let place = places[group.key] {
                for (index, cost) in group.costs.enumerated() { groups[place].costs[index] += cost }
            } else {
                places[group.key] = groups.count
                groups.append(group)
            }
        }
        rows += share.rows
        nullRows += share.nullRows
        otherCurrencyRows += share.otherCurrencyRows
    }
}

extension CostQuery {
    /// Sums up the charges whose period begins in the span's buckets, or when they are spread, runs through them. Blended rates are made of all
    /// segments, so a share of blended costs reads as much as the whole.
    func run(
        over span: CostSpan, in tenant: Tenant, _ cache: ColumnCache, _ connection: Connection, share: ScanShare = .whole
    ) throws -> CostSums {
        let segments = try segments(of: span, in: tenant, cache, connection)
        var scan = CostScan(self, span.buckets)
        if type == .blended { scan.rates = try BlendedRates(segments, self, span.buckets) }
        for segment in share.of(segments) { try scan.add(segment) }
        var sums = scan.sums
        sums.segments = segments.map(\.name)
        return sums
    }

    /// Those with charges in the span.
    func segments(of span: CostSpan, in tenant: Tenant, _ cache: ColumnCache, _ connection: Connection) throws -> [SegmentReader] {
        // Our own charges are of an hour; a span may begin within one.
        let from = isSpread ? max(.first, span.from.adding(seconds: -3600)) : span.from
        return try Self.segments(from: from, to: span.to, in: tenant, cache, connection)
    }

    /// Imported bills first, in the order they came; then our own charges.
    static func segments(from: Timestamp, to: Timestamp, in tenant: Tenant, _ cache: ColumnCache, _ connection: Connection) throws
        -> [SegmentReader]
    {
        let imported = try connection.rows(
            """
            SELECT import, number, rows FROM cost_segments
            WHERE workspace = ? AND mode = ? AND is_live = 1 AND last_charge >= ? AND first_charge < ? ORDER BY import, number
            """, tenant.workspace, tenant.mode, from, to
        ) { row in
            let segment = CostSegment(importID: try row.get(0), number: row.integer(1), rows: row.integer(2))
            return SegmentReader(source: .imported(segment), rows: segment.rows, tenant: tenant, cache: cache, connection: connection)
        }
        return imported + (try OwnCharges.segments(from: from, to: to, in: tenant, cache, connection))
    }
}
