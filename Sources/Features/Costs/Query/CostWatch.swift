// Costs for who watches them without anybody asking: alerts. There is no caller whose view could be narrowed; who makes an alert on a whole
// workspace must reach all of it.

package import Kernel
package import Storage
import Web

/// What something cost, hour by hour or over longer spans.
package struct CostWatch: Sendable {
    private let cache: ColumnCache

    package init(cache: ColumnCache) { self.cache = cache }

    package var budgetedViews: BudgetedViews { BudgetedViews(cache: cache) }

    package struct Question: Sendable, Hashable {
        /// Id or name of a cost view, whose own settings count; without one, all that was billed in `currency`.
        package var view: String?
        package var currency: String
        /// What our own prices charge this project.
        package var project: ProjectID?
        /// Consumed quantities of this SKU, or meter, instead of costs.
        package var meter: String?
        package var groupBy: [Dimension] = []

        package init(currency: String) { self.currency = currency }
    }

    /// Something that another answer means another cost: later imports, closed hours.
    package static func version(in tenant: Tenant, _ connection: Connection) throws -> String {
        let views = try connection.row(
            "SELECT COUNT(*), MAX(updated_at) FROM cost_views WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode
        ) { row in "\(row.integer(0)) \(try row.get(1, as: Int64?.self) ?? 0)" }
        let columns = try connection.row(
            "SELECT COUNT(*), MAX(updated_at) FROM cost_columns WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode
        ) { row in "\(row.integer(0)) \(try row.get(1, as: Int64?.self) ?? 0)" }
        let segments = try connection.rows(
            "SELECT import, COUNT(*) FROM cost_segments WHERE workspace = ? AND mode = ? AND is_live = 1 GROUP BY import ORDER BY import",
            tenant.workspace, tenant.mode
        ) { row in "\(row.text(0)) \(row.integer(1))" }
        let own = try Freshness.lastCharge(in: tenant, connection)
        return "\(views ?? "") \(columns ?? "") \(segments.joined(separator: " ")) \(own ?? "")"
    }

    /// An amount for each span, of each group; the only one is `[]` without `groupBy`. Throws `not_found` for a view that there is not.
    package func amounts(
        _ question: Question, in spans: [Range<Timestamp>], of tenant: Tenant, _ connection: Connection
    ) throws -> [[String?]: [ExactDecimal]] {
        var query = CostQuery(visible: [])
        query.currency = question.currency
        if let name = question.view {
            let request = CostRequest(try CostView.find(nameOrID: name, in: tenant, connection))
            query = try request.query(for: .watching(tenant), connection)
        }
        if let meter = question.meter {
            query.type = .column(0)
            query.formula = try CostFormula("ConsumedQuantity")
            query.filters.append(
                RowFilter(groups: ["SkuId", "SkuMeter"].map { [.init(Dimension($0), .isIn([meter]))] }))
        }
        if let project = question.project {
            query.filters.append(
                RowFilter(groups: [
                    [
                        .init(Dimension("SubAccountId"), .isIn([project.rawValue])),
                        .init(Dimension("InvoiceIssuerName"), .isIn(["CloudAPI"])),
                    ]
                ]))
        }
        query.groupBy = question.groupBy
        let sums = try query.run(over: CostSpan(spans), in: tenant, cache, connection)
        guard !question.groupBy.isEmpty else { return [[]: sums.totals(spans.count)] }
        return Dictionary(sums.groups.map { ($0.key, $0.costs) }, uniquingKeysWith: { $1 })
    }

    /// Bills that came since a position of the log: the hours they have charges of, the newest 35 days of them, and the last of those events.
    package static func restated(
        since position: Int64, at now: Timestamp, in tenant: Tenant, _ connection: Connection
    ) throws -> (hours: Set<Int>, position: Int64) {
        var filter = EventFilter()
        filter.types = [EventPattern("bill.succeeded")].compactMap(\.self)
        let events = try EventLog.events(in: tenant, after: position, limit: 100, matching: filter, connection)
        var hours: Set<Int> = []
        let earliest = now.adding(days: -35)
        for event in events {
            let spans = try connection.rows(
                "SELECT first_charge, last_charge FROM cost_segments WHERE workspace = ? AND mode = ? AND import = ? AND last_charge >= ?",
                tenant.workspace, tenant.mode, event.subject, earliest
            ) { ($0.time(0), $0.time(1)) }
            for (first, last) in spans {
                let (from, to) = (max(first, earliest), min(last, now))
                guard from <= to else { continue }
                hours.formUnion(Int(from.seconds / 3600)...Int(to.seconds / 3600))
            }
        }
        return (hours, events.last?.sequence ?? position)
    }

    /// Throws `not_found` for a view that there is not.
    package static func checkView(_ name: String, in tenant: Tenant, _ connection: Connection) throws {
        _ = try CostView.find(nameOrID: name, in: tenant, connection)
    }

    /// Throws `not_found` for a unit metric that there is not.
    package static func checkUnitMetric(_ name: String, in tenant: Tenant, _ connection: Connection) throws {
        _ = try UnitMetric.find(nameOrID: name, in: tenant, connection)
    }

    /// A unit metric over spans that follow each other: numerator by denominator of the whole span, nil where that is nothing.
    package func unitCosts(
        of name: String, in spans: [Range<Timestamp>], of tenant: Tenant, _ connection: Connection
    ) throws -> [ExactDecimal?] {
        let metric = try UnitMetric.find(nameOrID: name, in: tenant, connection)
        let sources: [any UnitSource] = [CostUnits(cache: cache), StreamUnits(), RequestUnits()]
        let sides = try [metric.numerator, metric.denominator].map { side in
            try sources.first { $0.name == side.source }?.amounts(of: side, in: spans, .empty, for: .watching(tenant), connection) ?? []
        }
        return zip(sides[0], sides[1]).map { UnitPoint(numerator: $0, denominator: $1).value }
    }
}

extension Caller {
    /// Who sees all of a tenant, and is nobody.
    fileprivate static func watching(_ tenant: Tenant) -> Caller {
        Caller(
            workspace: tenant.workspace, mode: tenant.mode, credential: .init(kind: .workspaceKey, id: "alerts", project: nil), user: nil,
            scopes: .none, reach: .workspace(.viewer), profile: .cloudapi)
    }
}

extension CostView {
    fileprivate static func find(nameOrID text: String, in tenant: Tenant, _ connection: Connection) throws -> CostView {
        let id = try connection.row(
            "SELECT id FROM cost_views WHERE workspace = ? AND mode = ? AND name = ?", tenant.workspace, tenant.mode, text
        ) { try $0.get(0, as: CostViewID.self) }
        return try find(id ?? CostViewID(text), in: tenant, connection)
    }
}

extension UnitMetric {
    fileprivate static func find(nameOrID text: String, in tenant: Tenant, _ connection: Connection) throws -> UnitMetric {
        let id = try connection.row(
            "SELECT id FROM unit_metrics WHERE workspace = ? AND mode = ? AND name = ?", tenant.workspace, tenant.mode, text
        ) { try $0.get(0, as: UnitMetricID.self) }
        return try find(id ?? UnitMetricID(text), in: tenant, connection)
    }
}
