import Kernel
import Storage

// What the rest of the period will cost, without looking at each resource: thousands run on the same few lines, and from the hour that is open
// until the end each of those costs the same. So the database counts them by line, and only those are looked at one by one that hold something
// else than they are metered for.

extension BudgetLedger {
    /// Looked at one by one at most; with more, everything is computed.
    private static let singles = 1000

    /// What the budget's sum, which must be right for the period, has in it for the time after `now`; nil when too many resources are about to
    /// change. Exact to the last digit: a slice that is cut at `now` counts as whole, as it does in the sum, less the part that is over, rounded
    /// as that is billed.
    static func reserve(
        of budget: Budget, in period: BillingPeriod, after now: Timestamp, _ tenant: Tenant, _ connection: Connection
    ) throws -> ExactDecimal? {
        let lines = try lines(of: budget, since: max(now.hour, period.start), now, tenant, connection)
        let single = lines.compactMap(\.resource)
        guard single.count <= singles else { return nil }
        let timeline = try PriceTimeline.load(Set(lines.map(\.line.sku)), at: nil, in: tenant, connection)
        let rest = Rest(currency: budget.currency, period: period, now: now, timeline: timeline)
        var later: [HeldLine.Key: ExactDecimal] = [:]
        var sum = ExactDecimal.zero
        for line in lines where line.resource == nil {
            let whole = later[line.key] ?? rest.afterThisHour(line.key)
            later[line.key] = whole
            sum += (whole + rest.ofThisHour(line)) * ExactDecimal(line.count)
        }
        guard !single.isEmpty else { return sum }
        return try holdings(of: budget, in: period, until: now, among: single, tenant, connection).reduce(sum) {
            $0 + $1.amounts[budget.currency] - $1.spent[budget.currency]
        }
    }

    /// How many resources have something in a currency that the budget does not count.
    static func otherCurrencies(of budget: Budget, _ tenant: Tenant, _ connection: Connection) throws -> Int {
        try connection.row(
            """
            SELECT COUNT(*) FROM commitments WHERE workspace = ? AND mode = ? AND \(budget.scope.column) = ? AND amounts <> ''
                AND (amounts NOT LIKE ? OR amounts LIKE '%;%')
            """, tenant.workspace, tenant.mode, budget.scope.id, budget.currency + "=%"
        ) { $0.integer(0) } ?? 0
    }

    /// What is metered for exactly what is held, counted by line, place and, when it began in this hour, moment; and every other resource
    /// that holds or will be charged for anything, by itself.
    private static func lines(
        of budget: Budget, since hour: Timestamp, _ now: Timestamp, _ tenant: Tenant, _ connection: Connection
    ) throws -> [HeldLine] {
        try connection.rows(
            """
            SELECT resource, sku, units, provider, location, start, COUNT(*) FROM (
                SELECT CASE WHEN live = 1 AND leaving = 0 AND start <= ? AND lines = sku || '=' || units THEN NULL ELSE resource END AS resource,
                    sku, units, provider, location, CASE WHEN start > ? THEN start ELSE ? END AS start
                FROM (
                    SELECT c.resource AS resource, c.lines AS lines, COUNT(i.sku) AS live, COUNT(i.ended_at) AS leaving, MIN(i.sku) AS sku,
                        MIN(i.units) AS units, MIN(i.provider) AS provider, MIN(i.location) AS location, MIN(i.started_at) AS start
                    FROM commitments c
                    LEFT JOIN metered_intervals i ON i.workspace = c.workspace AND i.mode = c.mode AND i.resource = c.resource
                        AND (i.ended_at IS NULL OR i.ended_at > ?)
                    WHERE c.workspace = ? AND c.mode = ? AND c.\(budget.scope.column) = ? GROUP BY c.resource, c.lines
                ) AS held WHERE live > 0 OR lines <> ''
            ) AS told GROUP BY resource, sku, units, provider, location, start
            """, now, hour, hour, now, tenant.workspace, tenant.mode, budget.scope.id
        ) { row in
            HeldLine(
                resource: try row.get(0),
                key: .init(
                    line: .init(sku: try row.get(1, as: String?.self) ?? "", units: row.optionalInteger(2) ?? 0),
                    place: PricePlace(
                        provider: try row.get(3, as: String?.self) ?? "", location: try row.get(4, as: String?.self) ?? "")),
                start: row.time(5), count: row.integer(6))
        }
    }
}

private struct HeldLine {
    /// Nil for those that are only counted.
    let resource: String?
    let key: Key
    let start: Timestamp
    let count: Int

    struct Key: Hashable {
        let line: Demand.Line
        let place: PricePlace
    }

    var line: Demand.Line { key.line }
}

private struct Rest {
    let currency: String
    let period: BillingPeriod
    let now: Timestamp
    let timeline: PriceTimeline

    private var hourEnd: Timestamp { min(max(now.hour, period.start).nextHour, period.end) }

    func afterThisHour(_ key: HeldLine.Key) -> ExactDecimal { cost(key, from: hourEnd, to: period.end) }

    /// What an hour costs in the sum, less what of it is over.
    func ofThisHour(_ line: HeldLine) -> ExactDecimal {
        cost(line.key, from: line.start, to: hourEnd) - cost(line.key, from: line.start, to: min(now, hourEnd))
    }

    private func cost(_ key: HeldLine.Key, from start: Timestamp, to end: Timestamp) -> ExactDecimal {
        Slices.cost(key.line, from: start, to: end, at: key.place, timeline)[currency]
    }
}
