import HTTPTypes
import Kernel
import Prices
import Storage
import Web

/// `/v1/resources/{id}/history` and `/diff`: what became of a resource, who did it, and what that cost.
enum HistoryRoutes {
    static let all = [
        Route(
            .get, "/v1/resources/{id}/history", .authenticated, "List every change of a resource",
            details: """
                From the log, the newest first: when, by whom, by which request and operation, each field before and after, and the cost per hour \
                before and after at the prices of that moment. Also of what was purged.
                """,
            query: ListEnvelope.parameters(
                sort: ResourceHistory.sortFields,
                filters: [
                    .init("from", .timestamp("What happened then or later.")), .init("to", .timestamp("What happened before.")),
                ]), answers: [.list(of: HistoryEntry.schema)], problems: [.insufficientScope], handler: history),
        Route(
            .get, "/v1/resources/{id}/diff", .authenticated, "Compare a resource with itself at another time",
            details: "What was different between two moments, and what it cost by the hour at each. Before it was made there is nothing.",
            query: [
                .init("from", .timestamp(), isRequired: true), .init("to", .timestamp("Now, when left out or ahead.")),
            ], answers: [.ok(diffSchema)], problems: [.insufficientScope, .cursorExpired], handler: diff),
    ]

    private static func history(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        let kind = try AllResourcesRoutes.kind(call)
        let (from, to) = (call.query["from"].flatMap { Timestamp($0) }, call.query["to"].flatMap { Timestamp($0) })
        return call.answer(
            try await call.read { connection in
                let resource = try Resource.find(call.parameter("id"), kind, includingPurged: true, for: call.caller, connection)
                return try ResourceHistory.page(of: resource, request, from: from, to: to, connection)
            })
    }

    private static let diffSchema = Schema.named(
        "ResourceDifference",
        .object([
            .required("id", .id("inst")), .required("from", .timestamp()), .required("to", .timestamp()),
            .required("existed_before", .boolean("Whether it was there at `from`.")), .required("changes", .array(FieldChange.schema)),
            .required("cost", HourlyChange.schema),
        ]))

    private static func diff(_ call: Call) async throws -> Answer {
        let kind = try AllResourcesRoutes.kind(call)
        let from = call.query["from"].flatMap { Timestamp($0) } ?? call.at
        let to = min(call.query["to"].flatMap { Timestamp($0) } ?? call.at, call.at)
        guard from <= to else { throw Problem.invalid(parameter: "from", "It must not be later than `to`, or than now.") }
        return try await call.read { connection in
            let resource = try Resource.find(call.parameter("id"), kind, includingPurged: true, for: call.caller, connection)
            let after = try ResourceState.of(resource, at: to, connection)
            let existed = resource.createdAt <= from
            let before = existed ? try ResourceState.of(resource, at: from, connection) : ResourceState()
            let lines = before.lines(kind) + after.lines(kind)
            let prices = try HourlyPrices(lines, for: resource.consumer, connection)
            var json = JSONWriter(capacity: 2048)
            json.object { json in
                json.field("id", resource.id)
                json.field("from", from)
                json.field("to", to)
                json.field("existed_before", existed)
                json.array("changes", FieldChange.between(before.told, after.told))
                json.field("cost", prices.change(from: before, to: after, of: kind, from, to))
            }
            return Answer(status: .ok, headers: .json, body: json.bytes)
        }
    }
}
