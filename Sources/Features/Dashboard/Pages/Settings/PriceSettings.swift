import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Settings → Prices: the price book, and prices that come into force.
struct PriceSettings: Sendable {
    let pages: DashboardPages
    private static let tab = SettingsPage.Tab.prices

    func add(to router: Router<RequestScope>) {
        router.get("/app/settings/prices") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/settings/prices") { request, scope in
            await pages.acting(request, scope, create) { try await show($0, problem: $1) }
        }
        router.post("/app/settings/prices/end") { request, scope in
            await pages.acting(request, scope, end) { try await show($0, problem: $1) }
        }
        router.get("/app/settings/prices/end") { _, _ in Response.seeOther(Self.tab.path) }
        router.post("/app/settings/prices/{id}/deletion") { request, scope in
            await pages.acting(request, scope, delete) { try await show($0, problem: $1) }
        }
        router.get("/app/settings/prices/{id}/deletion") { _, _ in Response.seeOther(Self.tab.path) }
    }

    private func show(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let number = visit.guest.page()
        let (items, hasMore) = try await visit.list("/v1/prices", page: number, perPage: 50)
        var content = SettingsPage.Content(
            Self.tab, "What usage costs, and since when. A price that has been charged by stays as it is; a new one begins at its date.")
        content.notice = visit.query("done") == nil ? nil : "The change is made."
        content.error = problem?.detail
        let mayChange = visit.may(.pricesWrite, as: .admin)
        if mayChange {
            let form = FormPart(
                title: "Add a price", action: Self.tab.path, submit: "Add price", id: "add-price",
                fields: [
                    .text("sku", "SKU", hint: "Such as instance.small or volume.gib.", most: 100, isRequired: true),
                    .text("amount", "Amount", placeholder: "0.0125", most: 60, isRequired: true),
                    .select("unit", "For each", [("hour", "hour"), ("gib_hour", "GiB and hour")]),
                    .text("currency", "Currency", "USD", most: 3, isRequired: true),
                    .text("provider", "Provider (optional)", hint: "Empty for every one.", most: 40),
                    .text("location", "Location (optional)", hint: "Empty for every one.", most: 100),
                    .text("effective_from", "In force from", hint: "Midnight UTC of that day; empty for now.", type: "date", most: 10),
                    .text("description", "Description (optional)", most: 1000),
                ])
            content.forms = [problem == nil || visit.form["sku"] == nil ? form : form.filled(from: visit.form)]
            let ending = Self.ending(items.filter { !$0.isOver(at: visit.at) })
            content.more = [visit.form["price"] == nil ? ending : ending.filled(from: visit.form, saying: problem)]
        }
        let rows = items.map { price in
            let from = price["effective_from"]?.string.flatMap { Timestamp($0) }
            let isOver = price.isOver(at: visit.at)
            let place = [price.text("provider"), price.text("location")].filter { !$0.isEmpty && $0 != "*" }.joined(separator: " · ")
            return TablePart.Row(
                id: price.text("id"),
                cells: [
                    .name(price.text("sku"), price.text("id")),
                    .text("\(price.text("amount")) \(price.text("currency"))", "per \(price.text("unit").replacing("_", with: " "))"),
                    .text(place.isEmpty ? "Everywhere" : place),
                    .text(
                        from.map { $0.seconds <= 0 } == true ? "Always" : price.day("effective_from", none: "Always"),
                        from.map { $0 > visit.at } == true ? "not yet" : nil),
                    .text(price.day("effective_to", none: "No end")),
                ],
                actions: mayChange && !isOver
                    ? [
                        .init(
                            label: "End", path: Self.tab.path(price.text("id"), "deletion"),
                            question: "End this price? What was charged by it stays.", isDangerous: true)
                    ] : [],
                isGone: isOver)
        }
        content.tables = [
            TablePart(
                "Prices", columns: ["SKU", "Amount", "Where", "From", "To"], rows: rows,
                pager: Pager(number, hasMore: hasMore, path: Self.tab.path))
        ]
        return visit.settings(content, status: problem?.code.status ?? 200)
    }

    /// For a day that is known ahead; the button of a row ends a price at once.
    private static func ending(_ prices: [JSON]) -> FormPart {
        FormPart(
            title: "End a price on a day", action: tab.path("end"), submit: "Set the end", id: "end-price", place: .folded,
            fields: [
                .select(
                    "price", "Price",
                    prices.map {
                        ($0.text("id"), "\($0.text("sku")), \($0.text("amount")) \($0.text("currency")), since \($0.day("effective_from"))")
                    }),
                .text("effective_to", "Ends", hint: "Midnight UTC at the beginning of that day; empty for no end.", type: "date", most: 10),
            ]
        ).identified(by: "ending")
    }

    private func end(_ visit: Visit) async throws -> Response {
        let day = visit.form.text("effective_to")
        try await visit.send(
            .patch, "/v1/prices/{id}", ["id": visit.form.text("price")],
            body: ["effective_to": day.isEmpty ? .null : .string(day + "T00:00:00Z")])
        return Response.seeOther(Self.tab.path + "?done=changed")
    }

    private func create(_ visit: Visit) async throws -> Response {
        let form = visit.form
        var body: [JSON.Member] = []
        for field in ["sku", "amount", "unit", "provider", "location", "description"] where !form.text(field).isEmpty {
            body.append(.init(field, .string(form.text(field))))
        }
        if !form.text("currency").isEmpty { body.append(.init("currency", .string(form.text("currency").uppercased()))) }
        if !form.text("effective_from").isEmpty {
            body.append(.init("effective_from", .string(form.text("effective_from") + "T00:00:00Z")))
        }
        try await visit.send(.post, "/v1/prices", body: .object(body))
        return Response.seeOther(Self.tab.path + "?done=added")
    }

    private func delete(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard visit.isConfirmed else {
            let price = try await visit.get("/v1/prices/{id}", ["id": id])
            return visit.ask(
                "End the price of \(price.text("sku"))?", "What was charged by it stays.", "End the price",
                at: Self.tab.path(id, "deletion"), orBackTo: Self.tab.path, section: .settings)
        }
        try await visit.send(.delete, "/v1/prices/{id}", ["id": id])
        return Response.seeOther(Self.tab.path + "?done=deleted")
    }
}

extension JSON {
    /// Of a price: whether it has ended.
    fileprivate func isOver(at now: Timestamp) -> Bool { time("effective_to").map { $0 <= now } ?? false }
}
