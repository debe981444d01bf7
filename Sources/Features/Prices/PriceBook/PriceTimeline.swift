import Kernel
import Storage

/// Whose prices count: a provider's at a place.
struct PricePlace: Hashable, Sendable {
    let provider: String
    let location: String
}

/// The prices of some SKUs through time, as far as one computation needs them.
///
/// At a moment the most specific price in force counts: that of provider and location, then of the provider, then of anybody. Among
/// prices of one kind the one that began last counts, and when that one has ended by itself, those before it do not come back.
struct PriceTimeline: Sendable {
    private var entries: [String: [Entry]] = [:]

    struct Entry: Sendable {
        let price: PriceID
        let place: PricePlace
        let unit: Price.Unit
        let amount: ExactDecimal
        let currency: String
        let from: Timestamp
        let to: Timestamp?
    }

    init(_ entries: [(sku: String, entry: Entry)]) {
        for (sku, entry) in entries { self.entries[sku, default: []].append(entry) }
    }

    /// `place` leaves out what cannot count there; nil takes all.
    static func load(_ skus: some Collection<String>, at place: PricePlace?, in tenant: Tenant, _ connection: Connection) throws
        -> PriceTimeline
    {
        guard !skus.isEmpty else { return PriceTimeline([]) }
        var sql = """
            SELECT sku, id, provider, location, unit, amount, currency, effective_from, ends_at FROM prices
            WHERE workspace = ? AND mode = ? AND sku IN (\(Array(repeating: "?", count: skus.count).joined(separator: ", ")))
            """
        var values = [tenant.workspace.sqlValue, tenant.mode.sqlValue] + skus.map(\.sqlValue)
        if let place {
            // Expressions, not columns: for a few rows SQLite had better not make a table of each list, to look it up in the index.
            sql += " AND '' || provider IN ('*', ?) AND '' || location IN ('*', ?)"
            values += [.text(place.provider), .text(place.location)]
        }
        let question = [tenant.workspace.rawValue, tenant.mode.rawValue, place?.provider ?? "", place?.location ?? ""] + skus.sorted()
        return try connection.remembered(question, of: "prices") {
            PriceTimeline(
                try connection.rows(sql, values) { row in
                    (
                        sku: row.text(0),
                        entry: try Entry(
                            price: row.get(1), place: PricePlace(provider: row.text(2), location: row.text(3)), unit: row.get(4),
                            amount: row.get(5), currency: row.text(6), from: row.time(7), to: row.get(8))
                    )
                })
        }
    }

    /// The price in force; nil when there is none.
    func price(of sku: String, at place: PricePlace, on moment: Timestamp) -> Entry? {
        guard let known = entries[sku] else { return nil }
        for candidate in place.fromNarrowToWide {
            let begun = known.filter { $0.place == candidate && $0.from <= moment }.max { $0.from < $1.from }
            if let begun, begun.to.map({ moment < $0 }) ?? true { return begun }
        }
        return nil
    }

    /// The next moment after which another price may be in force.
    func change(of sku: String, at place: PricePlace, after moment: Timestamp) -> Timestamp? {
        let places = place.fromNarrowToWide
        return (entries[sku] ?? []).lazy.filter { places.contains($0.place) }.flatMap { [$0.from] + ($0.to.map { [$0] } ?? []) }
            .filter { $0 > moment }.min()
    }
}

extension PricePlace {
    fileprivate var fromNarrowToWide: [PricePlace] {
        [self, PricePlace(provider: provider, location: Price.anywhere), PricePlace(provider: Price.anywhere, location: Price.anywhere)]
    }
}
