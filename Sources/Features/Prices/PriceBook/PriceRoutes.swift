import HTTPTypes
import Kernel
import Storage
package import Web

package enum PriceRoutes {
    private static let filters: [Query.Parameter] = [
        .init("sku", .string(1...64)), .init("provider", .string(1...120)), .init("location", .string(1...120)),
        .init("at", .timestamp("Prices in force at that moment.")),
    ]
    private static let changeable: [Schema.Field] = [
        .optional("unit", .choice(of: Price.Unit.self, "What the amount is for.")), .optional("currency", Money.currency),
        .optional("description", .string(0...1000)),
        .optional("effective_from", .timestamp("Now or later; now when left out.")),
        .optional("effective_to", Schema.timestamp("When it ends by itself, not included; null for not.").nullable),
    ]

    package static var all: [Route] {
        [
            Route(
                .get, "/v1/sizes", .scope(.pricesRead), "List the sizes of instances, with what they cost now",
                query: [.init("provider", .string(1...120)), .init("location", .string(1...120))],
                answers: [.list(of: InstanceSize.Offer.schema)], handler: sizes),
            Route(
                .get, "/v1/prices", .scope(.pricesRead), "List prices",
                query: ListEnvelope.parameters(sort: Price.sortFields, filters: filters), answers: [.list(of: Price.schema)], handler: list),
            Route(
                .post, "/v1/prices", .scope(.pricesWrite), "Add a price",
                details: "It takes over from the one before it for the same SKU, provider and location when it begins.",
                body: .required(
                    .object(
                        [
                            .required("sku", Price.skuSchema), .required("amount", Money.amount), .optional("provider", Price.placeSchema),
                            .optional("location", Price.placeSchema),
                        ] + changeable)), answers: [.created(Price.schema)], problems: [.forbidden, .conflict], handler: create),
            Route(.get, "/v1/prices/{id}", .scope(.pricesRead), "Read a price", answers: [.ok(Price.schema)], handler: get),
            Route(
                .patch, "/v1/prices/{id}", .scope(.pricesWrite), "Change a price",
                details: "Amount, currency, unit and beginning of a price that has begun stay: add one with a later `effective_from`.",
                body: .required(.object([.optional("amount", Money.amount)] + changeable)), answers: [.ok(Price.schema)],
                problems: [.forbidden, .conflict, .preconditionFailed], handler: update),
            Route(
                .delete, "/v1/prices/{id}", .scope(.pricesWrite), "End a price",
                details: "One that has begun ends now and stays in the book; one that has not is removed.", answers: [.noContent()],
                problems: [.forbidden, .preconditionFailed], handler: end),
        ]
    }

    private static func sizes(_ call: Call) async throws -> Answer {
        let place = PricePlace(
            provider: call.query["provider"] ?? Price.anywhere, location: call.query["location"] ?? Price.anywhere)
        let timeline = try await call.read { connection in
            try PriceTimeline.load(InstanceSize.all.map(\.sku), at: place, in: call.caller.tenant, connection)
        }
        let offers = InstanceSize.all.map {
            InstanceSize.Offer(size: $0, price: timeline.price(of: $0.sku, at: place, on: call.at))
        }
        return call.answer(Page(items: offers, next: nil))
    }

    private static func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        var filter = Price.Filter()
        filter.sku = call.query["sku"]
        filter.provider = call.query["provider"]
        filter.location = call.query["location"]
        filter.at = call.query["at"].flatMap { Timestamp($0) }
        return call.answer(try await call.read { [filter] in try Price.list(request, filter, in: call.caller.tenant, $0) })
    }

    private static func get(_ call: Call) async throws -> Answer {
        let price = try await call.read { try Price.find(call.id(), in: call.caller.tenant, $0) }
        return .json(.ok, price).with(etag: price.etag)
    }

    private static func create(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        var draft = PriceDraft(sku: call.body?["sku"]?.string ?? "", amount: .zero, effectiveFrom: call.at)
        try draft.apply(call.body)
        return try await call.commit { [draft] connection in
            let by = call.attribution
            var draft = draft
            // Not the moment the call came: that is past by now.
            if call.body?["effective_from"] == nil { draft.effectiveFrom = by.at }
            let price = try Price.create(draft, by: by, connection)
            return .created(price, at: "/v1/prices/\(price.id)").with(etag: price.etag)
        }
    }

    private static func update(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        return try await call.commit { connection in
            let price = try Price.find(call.id(), in: call.caller.tenant, connection)
            try call.requireMatch(price.etag)
            let own = try price.ownEnd(in: call.caller.tenant, connection)
            var draft = PriceDraft(price, endsAt: own)
            try draft.apply(call.body)
            let updated = try price.update(draft, endsAt: own, by: call.attribution, connection)
            return .json(.ok, updated).with(etag: updated.etag)
        }
    }

    private static func end(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        return try await call.commit { connection in
            let price = try Price.find(call.id(), in: call.caller.tenant, connection)
            try call.requireMatch(price.etag)
            try price.end(by: call.attribution, connection)
            return .noContent
        }
    }
}

extension PriceDraft {
    /// Merge-patch: what is there replaces, `null` clears.
    fileprivate mutating func apply(_ body: JSON?) throws {
        if let provider = body?["provider"]?.string { self.provider = provider }
        if let location = body?["location"]?.string { self.location = location }
        if let unit = body?["unit"]?.string.flatMap(Price.Unit.init) { self.unit = unit }
        if let amount = body?["amount"]?.string { self.amount = try Money.amount(amount, at: "amount") }
        if let currency = body?["currency"]?.string { self.currency = currency }
        if let description = body?["description"]?.string { self.description = description }
        if let from = body?["effective_from"]?.string.flatMap({ Timestamp($0) }) { effectiveFrom = from }
        if let to = body?["effective_to"] { effectiveTo = to.string.flatMap { Timestamp($0) } }
    }
}
