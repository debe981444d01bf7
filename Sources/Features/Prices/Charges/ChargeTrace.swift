import Kernel
package import Storage
package import Web

/// What the resources of a trace have been billed.
package struct ChargeTrace: TraceSource {
    package init() {}

    package func links(of trace: Trace, _ connection: Connection) throws -> [TraceLink] {
        try trace.resources.compactMap { id in
            var filter = Charge.Filter()
            filter.resource = id
            let page = try Charge.list(PageRequest(limit: 100), filter, for: trace.caller, connection)
            guard let first = page.items.first?.charge, let last = page.items.last?.charge else { return nil }
            let same = page.items.filter { $0.charge.currency == first.currency }
            let cost = same.reduce(ExactDecimal(0)) { $0 + $1.charge.cost }
            return TraceLink(
                "charge", id: last.id, href: "/v1/charges?resource_id=\(id)", at: last.hour,
                detail: [
                    "resource_id": .string(id), "rows": JSON(page.items.count), "more": .bool(page.hasMore),
                    "billed": .string(cost.description),
                    "currency": .string(first.currency),
                ])
        }
    }
}
