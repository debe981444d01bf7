import HTTPTypes
import Kernel
import Provider
import Storage
package import Web

/// `/v1/resources`: every kind in one list, as far as the caller's scopes reach.
package enum AllResourcesRoutes {
    package static var all: [Route] {
        [
            Route(
                .get, "/v1/resources", .authenticated, "List resources of every kind",
                details: "Those kinds that the credential may read; one that may read none is refused.",
                query: ListEnvelope.parameters(sort: Resource.sortFields, filters: ResourceFilter.parameters(kind: nil)),
                answers: [.list(of: ResourceView.schema(nil))], problems: [.insufficientScope], handler: list),
            Route(
                .get, "/v1/resources/{id}", .authenticated, "Read a resource of any kind, by id",
                details: "With `as_of` as it was then, also after it was purged.", query: [.asOf],
                answers: [.ok(ResourceView.schema(nil))], problems: [.insufficientScope, .purged, .cursorExpired], handler: read),
        ] + HistoryRoutes.all
    }

    private static func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        let readable = ResourceKind.allCases.filter { call.caller.scopes.contains($0.readScope) }
        if readable.isEmpty { try call.caller.require(.instancesRead) }
        let asked = call.query["kind"].flatMap(ResourceKind.init)
        if let asked { try call.caller.require(asked.readScope) }
        let filter = try ResourceFilter(asked.map { [$0] } ?? readable, call.query)
        return call.answer(try await call.read { try Resource.list(request, filter, at: call.at, for: call.caller, $0) }, capacity: 65_536)
        {
            json, item in item.write(to: &json)
        }
    }

    /// The kind that the path's id is of. Throws `insufficient_scope` unless the caller may read it.
    static func kind(_ call: Call) throws -> ResourceKind {
        let id = call.parameter("id")
        if !ResourceKind.allCases.contains(where: { call.caller.scopes.contains($0.readScope) }) { try call.caller.require(.instancesRead) }
        guard let kind = ResourceKind.allCases.first(where: { id.hasPrefix($0.idPrefix + "_") }) else { throw Problem.notFound("resource") }
        try call.caller.require(kind.readScope)
        return kind
    }

    private static func read(_ call: Call) async throws -> Answer {
        let id = call.parameter("id")
        let kind = try kind(call)
        if let past = try await PastResource.read(call, { try Resource.find(id, kind, includingPurged: true, for: call.caller, $0) }) {
            return .json(.ok, past, capacity: 2048)
        }
        let view = try await call.read { try Resource.find(id, kind, for: call.caller, $0).view(at: call.at, $0) }
        return .json(.ok, view, capacity: 2048).with(etag: view.resource.etag)
    }
}
