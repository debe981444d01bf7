package import Kernel
package import Storage
package import Web

/// What a cost view comes to; without a view named, all there is.
package struct CostUnits: UnitSource {
    package let name = "cost"
    private let cache: ColumnCache

    package init(cache: ColumnCache) { self.cache = cache }

    package var fields: [Schema.Field] { [.optional("cost_view_id", .id("cv", "With `cost`: of this view; else of all cost."))] }

    package func aggregation(of side: UnitSide) -> String { "SUM" }

    package func check(_ side: UnitSide, at place: String, for caller: Caller, _ connection: Connection) throws {
        do {
            _ = try view(of: side, in: caller.tenant, connection)
        } catch let problem as Problem where problem.code == .notFound {
            throw Problem.invalid(place + "/cost_view_id", "There is no such cost view.", code: "not_found")
        }
    }

    /// The view's own settings, unless the question says otherwise: `cost_type`, `amortization` and `exclude`.
    package func amounts(of side: UnitSide, in spans: [Range<Timestamp>], _ question: Query, for caller: Caller, _ connection: Connection)
        throws -> [ExactDecimal?]
    {
        var request = CostRequest(try view(of: side, in: caller.tenant, connection))
        try request.applyKinds(question)
        let sums = try request.query(for: caller, connection).run(over: CostSpan(spans), in: caller.tenant, cache, connection)
        return sums.totals(spans.count)
    }

    private func view(of side: UnitSide, in tenant: Tenant, _ connection: Connection) throws -> CostView {
        guard let id = side.parameters["cost_view_id"]?.string else { return try CostView.ofAllCost(in: tenant, connection) }
        return try CostView.find(CostViewID(id), in: tenant, connection)
    }
}
