import Kernel
package import Storage
package import Web

/// What the resources of a trace have used and what it cost: a link for each row, billed or not, and one for what is beyond these.
package struct ChargeTrace: TraceSource {
    /// Rows of one resource that are told one by one.
    private static let most = 100

    package init() {}

    package func links(of trace: Trace, _ connection: Connection) throws -> [TraceLink] {
        try trace.resources.flatMap { id in
            var filter = Charge.Filter()
            filter.resource = id
            let page = try Charge.list(PageRequest(limit: Self.most), filter, for: trace.caller, connection)
            let open = try OpenCharges.list(filter, for: trace.caller, at: trace.at, connection)
            let billed = "/v1/charges?resource_id=\(id)"
            let closed = page.items.flatMap { Self.links(to: $0.charge, isOpen: false, billed) }
            let rest = page.hasMore ? [TraceLink("charge", href: billed, detail: ["resource_id": .string(id), "more": true])] : []
            return closed + rest
                + open.prefix(Self.most).flatMap { Self.links(to: $0.charge, isOpen: true, "/v1/charges/open?resource_id=\(id)") }
        }
    }

    /// Usage is what was metered, a charge what that costs.
    private static func links(to charge: Charge, isOpen: Bool, _ href: String) -> [TraceLink] {
        let row: [JSON.Member] = [
            .init("resource_id", .string(charge.consumer.resource)), .init("sku", .string(charge.sku)), .init("open", .bool(isOpen)),
        ]
        let usage = row + [.init("consumed_quantity", .string(charge.quantity.description)), .init("unit", .string(charge.unit.rawValue))]
        let cost =
            row + [
                .init("billed_cost", .string(charge.cost.description)), .init("currency", .string(charge.currency)),
                .init("price_id", JSON(charge.price)),
            ]
        return [
            TraceLink("usage", id: charge.id, href: href, at: charge.hour, detail: .object(usage)),
            TraceLink("charge", id: charge.id, href: href, at: charge.hour, detail: .object(cost)),
        ]
    }
}
