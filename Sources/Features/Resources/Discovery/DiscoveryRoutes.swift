import HTTPTypes
import Kernel
import Provider
import Storage
package import Web

/// `/v1/discoveries`: what a provider account has that nobody manages from here, how it comes to be looked at, and how it is let go.
package struct DiscoveryRoutes: Sendable {
    private let engine: OperationEngine

    package init(engine: OperationEngine) { self.engine = engine }

    package var all: [Route] { [list, create, read, adopt] + ResourceKind.allCases.map(release) }

    private var list: Route {
        Route(
            .get, "/v1/discoveries", .scope(.connectionsRead), "List discoveries",
            details: "Of the last seven days, the newest first; what each has found is read with it.",
            query: ListEnvelope.parameters(
                sort: Discovery.sortFields,
                filters: [
                    .init("connection", .string(1...100, .text, "At one connection, by id.")),
                    .init("state", .choice(of: Discovery.State.self)),
                ]), answers: [.list(of: DiscoverySummary.schema)]
        ) { call in
            let request = try call.pageRequest()
            let page = try await call.read {
                try DiscoverySummary.list(
                    request, connection: call.query["connection"], state: call.query["state"], for: call.caller, $0)
            }
            return call.answer(page) { json, item in item.write(to: &json) }
        }
    }

    private var create: Route {
        Route(
            .post, "/v1/discoveries", .scope(.connectionsWrite), "Look for what nobody manages",
            details: "It is looked in the background: read it again until `state` is no longer `running`. Kept for seven days.",
            body: .required(
                .object([
                    .required("connection", .string(1...100, .name, "By id or name.")),
                    .optional("kinds", .array(.choice(of: ResourceKind.self), 1...20, "Every kind when left out.")),
                ])), answers: [.accepted(Discovery.schema)], problems: [.forbidden, .notFound]
        ) { call in
            try call.caller.requireWorkspace(.editor)
            return try await call.commit { connection in
                let account = try ProviderConnection.find(call.body?["connection"]?.string ?? "", for: call.caller, connection)
                let asked = call.body?["kinds"]?.array.map { Set($0.compactMap(\.string)) }
                let kinds = ResourceKind.allCases.filter { kind in
                    asked?.contains(kind.rawValue) ?? (account.capabilities?.features.contains(kind.feature) ?? true)
                }
                let discovery = Discovery(
                    id: call.attribution.makeID(), tenant: call.caller.tenant, connection: account.id, kinds: kinds, state: .running,
                    error: nil, objects: [], createdAt: call.at, finishedAt: nil)
                try discovery.insert(connection)
                connection.append(
                    EventDraft(
                        "discovery.started", subject: discovery.id.rawValue,
                        data: ["connection_id": JSON(account.id), "kinds": .array(kinds.map { .string($0.rawValue) })]),
                    by: call.attribution)
                var answer = Answer.json(.accepted, discovery)
                answer.headers[.location] = "/v1/discoveries/\(discovery.id)"
                return answer
            }
        }
    }

    private var read: Route {
        Route(
            .get, "/v1/discoveries/{id}", .scope(.connectionsRead), "Read what was found", answers: [.ok(Discovery.schema)]
        ) { call in
            .json(.ok, try await call.read { try Discovery.find(call.id(of: DiscoveryKind.self), for: call.caller, $0) }, capacity: 8192)
        }
    }

    // MARK: Adopt

    private static let adopted = Schema.named(
        "Adopted", .object([.required("adopted", .array(ResourceView.schema(nil), 1...100, "In the order they were asked for."))]))

    private var adopt: Route {
        Route(
            .post, "/v1/discoveries/{id}/adopt", .scope(.connectionsWrite), "Make resources of what was found",
            details:
                "All of them or none. The provider is asked at this moment, and every field it shows must be as the spec says: a field that is not is refused with code `differs`. Each starts as `observe`: looked at, priced and charged, and never changed. The next look puts our mark on it where the provider can; then it can be `managed`. `actions/release` lets it go.",
            body: .required(.object([.required("items", .array(AdoptionDraft.schema, 1...100))])),
            answers: [.ok(Self.adopted)],
            problems: [
                .forbidden, .notFound, .invalidState, .conflict, .nameTaken, .projectArchived, .projectFrozen, .quotaExceeded,
                .budgetExceeded, .invalidReference, .insufficientScope, .providerUnreachable, .unsupportedByProvider,
            ]
        ) { call in
            try call.caller.requireWorkspace(.editor)
            let (identity, pool) = (engine.identity, engine.pool)
            let items = call.body?["items"]?.array ?? []
            let (account, seen, place) = try await look(call, Set(items.compactMap { $0["provider_ref"]?.string }))
            let answer = try await call.commit { connection in
                var discovery = try finished(call, connection)
                let admitting = Admitting(
                    caller: call.caller, by: call.attribution, identity: identity, pool: pool, connection: connection)
                let adopted = try items.enumerated().map { index, item in
                    let draft = try AdoptionDraft(item)
                    return try admitting.adopt(
                        draft, at: "/items/\(index)", as: seen[draft.reference], from: &discovery, place: place)
                }
                try discovery.save(connection)
                let views = try adopted.map { try $0.view(at: call.at, connection) }
                var json = JSONWriter(capacity: 4096)
                json.object { json in json.array("adopted", views) { json, view in view.write(to: &json) } }
                return Answer(status: .ok, headers: .json, body: json.bytes)
            }
            for kind in Set(seen.values.map(\.kind)) {
                engine.look(at: .unit(SyncUnit(tenant: account.tenant, connection: account.id, kind: kind), by: call.at))
            }
            return answer
        }
    }

    private func finished(_ call: Call, _ connection: Connection) throws -> Discovery {
        let discovery = try Discovery.find(call.id(of: DiscoveryKind.self), for: call.caller, connection)
        guard discovery.state == .succeeded else {
            throw Problem(.invalidState, "The discovery is \(discovery.state.rawValue).")
        }
        return discovery
    }

    /// The account that was looked through, what it shows now of the objects that are named, by reference, and what is at the other end.
    private func look(
        _ call: Call, _ references: Set<String>
    ) async throws -> (account: ProviderConnection, seen: [String: Discovery.Object], place: String) {
        let (discovery, account) = try await call.read { connection in
            let discovery = try finished(call, connection)
            return (discovery, try ProviderConnection.find(discovery.connection, in: discovery.tenant, connection))
        }
        let provider = try engine.pool.provider(for: account, installation: engine.identity.installation)
        let kinds = Set(discovery.objects.filter { references.contains($0.reference) }.map(\.kind)).sorted { $0.rawValue < $1.rawValue }
        do throws(ProviderError) {
            var seen: [String: Discovery.Object] = [:]
            for kind in kinds {
                for stranger in try await provider.strangers(kind) where references.contains(stranger.reference) {
                    seen[stranger.reference] = Discovery.Object(stranger, kind)
                }
            }
            return (account, seen, kinds.isEmpty ? "" : try await provider.identity() ?? account.settings.text)
        } catch {
            throw Problem(error)
        }
    }

    // MARK: Release

    private func release(_ kind: ResourceKind) -> Route {
        Route(
            .post, "/v1/\(kind.collection)/{id}/actions/release", .scope(kind.writeScope), "Let go of what was adopted",
            details:
                "It is not looked at or charged any more, its name is free, and the object stays as it is; a mark of ours is taken off it.",
            query: [.init("project_id", .string(1...100, .text, "Where to look for a name."))], body: .optional(.object([])),
            answers: [.ok(ResourceView.schema(kind))], problems: [.forbidden, .purged, .invalidState, .inUse, .leaseHeld]
        ) { call in
            let engine = engine
            return try await call.commit { connection in
                let resource = try Resource.find(
                    call.parameter("id"), kind, project: call.query["project_id"].map { ProjectID($0) }, for: call.caller, connection)
                try call.caller.require(.editor, in: resource.project)
                let released = try Admitting(call, engine, connection).release(resource)
                // A second later it is committed; a look that comes before leaves the mark to the one after.
                engine.look(at: .unit(SyncUnit(resource), by: call.at.adding(seconds: 1)))
                return .json(.ok, try released.view(at: call.at, connection), capacity: 2048)
            }
        }
    }
}
