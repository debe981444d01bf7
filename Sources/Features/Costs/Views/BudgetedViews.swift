package import Kernel
package import Prices
package import Storage

/// What cost views come to, day by day, as their settings say; for the budgets on them.
package struct BudgetedViews: ViewCosts {
    private let cache: ColumnCache

    package init(cache: ColumnCache) { self.cache = cache }

    package func has(_ view: CostViewID, in tenant: Tenant, _ connection: Connection) throws -> Bool {
        do {
            _ = try CostView.find(view, in: tenant, connection)
            return true
        } catch let problem as Problem where problem.code == .notFound {
            return false
        }
    }

    package func costs(
        of view: CostViewID, in currency: String, from first: Timestamp, to end: Timestamp, for caller: Caller?, in tenant: Tenant,
        _ connection: Connection
    ) throws -> ViewDays {
        var request = CostRequest(try readable(view, in: tenant, connection))
        request.currency = currency
        request.groupBy = []
        let visible = try caller.map { try CostVisibility.filters(for: $0, connection) } ?? []
        let span = try CostSpan(first.seconds / 86_400, end.seconds / 86_400 - 1, .day, .utc)
        let sums = try request.query(visible: visible, in: tenant, connection).run(over: span, in: tenant, cache, connection)
        return ViewDays(
            costs: sums.totals(span.buckets.count), otherCurrencyRows: sums.otherCurrencyRows,
            dataThrough: try Freshness.read(in: tenant, connection).dataThrough)
    }

    /// Throws `invalid_state` for a view whose settings no release reads any more: the request that asks for its budget is not what is wrong.
    private func readable(_ view: CostViewID, in tenant: Tenant, _ connection: Connection) throws -> CostView {
        do {
            return try CostView.find(view, in: tenant, connection)
        } catch let problem as Problem where problem.code == .validationFailed {
            throw Problem(.invalidState, "The cost view \(view) can no longer be read: \(problem.detail)", cause: problem)
        }
    }
}
