import HTTPTypes
import Identity
import Kernel
import Storage
package import Web

package enum ChargeRoutes {
    /// Rows one CSV answer may have; more than a thousand resources cost in a day.
    private static let exportLimit = 50_000

    private static let filters: [Query.Parameter] = [
        .init("resource_id", .string(1...100)), .init("project_id", .string(1...100)), .init("account_id", .string(1...100)),
        .init("from", .timestamp("Charge periods that begin then or later.")), .init("to", .timestamp("Charge periods that begin before.")),
    ]

    package static var all: [Route] {
        [
            Route(
                .get, "/v1/charges", .scope(.costsRead), "List what was billed",
                details: """
                    Closed hours as cost rows of FOCUS 1.2, one for each resource, SKU, hour and price; the hour that runs is not among them (`/v1/charges/open`). \
                    They never change. With `Accept: text/csv` the same as CSV under FOCUS's own column names, all that match (50,000 rows at most) \
                    unless the query asks for a part.
                    """, query: ListEnvelope.parameters(sort: Charge.sortFields, filters: filters), answers: [.list(of: FocusRow.schema)],
                handler: list),
            Route(
                .get, "/v1/charges/open", .scope(.costsRead), "List what is not billed yet",
                details: """
                    What the hours that are not closed have cost until now, \(OpenCharges.most) rows of the last \(OpenCharges.hours) hours at most: the same rows as `/v1/charges` has, \
                    with the ids that they keep; quantity and cost grow until the hour is over.
                    """, query: Array(filters.prefix(3)), answers: [.list(of: FocusRow.schema)], handler: open),
        ]
    }

    private static func filter(_ call: Call) -> Charge.Filter {
        var filter = Charge.Filter()
        filter.resource = call.query["resource_id"]
        filter.project = call.query["project_id"].map { ProjectID($0) }
        filter.account = call.query["account_id"].map { AccountID($0) }
        filter.from = call.query["from"].flatMap { Timestamp($0) }
        filter.to = call.query["to"].flatMap { Timestamp($0) }
        return filter
    }

    private static func open(_ call: Call) async throws -> Answer {
        let filter = filter(call)
        let rows = try await call.read { try OpenCharges.list(filter, for: call.caller, at: call.at, $0) }
        return call.answer(Page(items: rows, next: nil), capacity: 8192) { json, row in FocusRow.write(row, to: &json) }
    }

    private static func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        let filter = filter(call)
        guard call.headers[.accept]?.lowercased().contains("text/csv") == true else {
            let page = try await call.read { try Charge.list(request, filter, for: call.caller, $0) }
            return call.answer(page, capacity: 32_768) { json, row in FocusRow.write(row, to: &json) }
        }
        let asksForPart = ["limit", "cursor", "page", "per_page"].contains { call.query[$0] != nil }
        var export = request
        if !asksForPart { export.limit = exportLimit }
        let page = try await call.read { [export] in try Charge.list(export, filter, for: call.caller, $0) }
        guard asksForPart || !page.hasMore else {
            throw Problem.invalid(parameter: "from", "More than \(exportLimit) rows match. Narrow the span with from and to.")
        }
        return Answer(status: .ok, headers: [.contentType: "text/csv; charset=utf-8; header=present"], body: FocusRow.csv(page.items))
    }
}
