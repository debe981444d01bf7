package import Kernel
package import Storage

/// What cost views come to, for the budgets on them. Costs has it; the server hands it in, since costs stand below prices.
package protocol ViewCosts: Sendable {
    /// Whether there is such a view.
    func has(_ view: CostViewID, in tenant: Tenant, _ connection: Connection) throws -> Bool

    /// What the view comes to on each day (UTC) from `first` on until `end`, of what the caller may see; nil sees all.
    func costs(
        of view: CostViewID, in currency: String, from first: Timestamp, to end: Timestamp, for caller: Caller?, in tenant: Tenant,
        _ connection: Connection
    ) throws -> ViewDays
}

package struct ViewDays: Sendable {
    package let costs: [ExactDecimal]
    /// Rows in another currency.
    package let otherCurrencyRows: Int
    /// The end of the latest charge there is, of any view.
    package let dataThrough: Timestamp?

    package init(costs: [ExactDecimal], otherCurrencyRows: Int, dataThrough: Timestamp?) {
        (self.costs, self.otherCurrencyRows, self.dataThrough) = (costs, otherCurrencyRows, dataThrough)
    }
}

/// What a view's month has cost, and what it will have cost by its end.
struct ViewForecast {
    /// Whole days that the mean is taken over.
    static let days = 7
    /// Days before the month that are read: enough for a mean when bills are three weeks late.
    static let before = 31

    let spent: ExactDecimal
    /// The days of the month that are whole, and for each of the others the mean of the last seven whole days; never less than `spent`. A day is
    /// whole when it is over and the data reach past it. The mean is rounded half-even to 18 places.
    let expected: ExactDecimal
    let otherCurrencyRows: Int

    static func read(
        _ view: CostViewID, in currency: String, _ period: BillingPeriod, at now: Timestamp, _ costs: any ViewCosts, for caller: Caller?,
        in tenant: Tenant, _ connection: Connection
    ) throws -> ViewForecast {
        let first = period.start.adding(days: -Int64(before))
        let read = try costs.costs(of: view, in: currency, from: first, to: period.end, for: caller, in: tenant, connection)
        let spent = read.costs.dropFirst(before).reduce(ExactDecimal.zero, +)
        let reach = min(now, read.dataThrough ?? first)
        let whole = max(0, min(Int((reach.seconds - first.seconds).floorDivided(by: 86_400)), read.costs.count))
        guard whole >= days else { return ViewForecast(spent: spent, expected: spent, otherCurrencyRows: read.otherCurrencyRows) }
        let mean = read.costs[(whole - days)..<whole].reduce(ExactDecimal.zero, +).divided(by: ExactDecimal(days))
        let closed = max(before, whole)
        let sure = read.costs[before..<closed].reduce(ExactDecimal.zero, +)
        return ViewForecast(
            spent: spent, expected: max(spent, sure + mean * ExactDecimal(read.costs.count - closed)),
            otherCurrencyRows: read.otherCurrencyRows)
    }
}
