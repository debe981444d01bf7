import HTTPTypes
import Identity
import Kernel
import Provider
import Storage
package import Web

/// `/v1/connections`: provider accounts.
package struct ConnectionRoutes: Sendable {
    private let engine: OperationEngine

    package init(engine: OperationEngine) { self.engine = engine }

    private static let settings = Schema(.map(Schema(.any)), "As the provider's driver takes them; see the documentation of each.")
    private static let secret = Schema(.map(.string(1...65_536, .echo)), "What it signs in with. Kept sealed, never shown.")
    private static let labels = ResourceDraft.labelsSchema.described("What `placement` of a create can ask for; up to 64.")
    private static let projects = Schema.array(.id("proj"), 1...100, "Who may use it; every project when left out.")

    private var providers: Schema { .choice(engine.pool.drivers.map(\.name).sorted()) }

    package var all: [Route] {
        [
            Route(
                .get, "/v1/connections", .scope(.connectionsRead), "List connections",
                query: ListEnvelope.parameters(
                    sort: ProviderConnection.sortFields,
                    filters: [.init("provider", providers), .init("state", .choice(of: ProviderConnection.State.self))]),
                answers: [.list(of: ProviderConnection.schema)], handler: list),
            Route(
                .post, "/v1/connections", .scope(.connectionsWrite), "Connect a provider account",
                details: "The account is asked who it is before it is kept; one that cannot be reached is kept too, with its `state`.",
                body: .required(
                    .object([
                        .required("name", ResourceDraft.nameSchema), .required("provider", providers), .optional("settings", Self.settings),
                        .optional("secret", Self.secret), .optional("labels", Self.labels), .optional("project_ids", Self.projects),
                    ])), answers: [.created(ProviderConnection.schema)], problems: [.forbidden, .notFound, .nameTaken], handler: create),
            Route(
                .get, "/v1/connections/{id}", .scope(.connectionsRead), "Read a connection", answers: [.ok(ProviderConnection.schema)],
                handler: get),
            Route(
                .patch, "/v1/connections/{id}", .scope(.connectionsWrite), "Change a connection",
                body: .required(
                    .object([
                        .optional("name", ResourceDraft.nameSchema), .optional("settings", Self.settings),
                        .optional("secret", Self.secret.nullable), .optional("labels", Self.labels),
                        .optional("project_ids", Self.projects.nullable),
                    ])), answers: [.ok(ProviderConnection.schema)], problems: [.forbidden, .nameTaken, .preconditionFailed], handler: update
            ),
            Route(
                .delete, "/v1/connections/{id}", .scope(.connectionsWrite), "Disconnect a provider account", answers: [.noContent()],
                problems: [.forbidden, .inUse, .preconditionFailed], handler: delete),
            Route(
                .post, "/v1/connections/{id}/verify", .scope(.connectionsWrite), "Ask a provider account who it is and what it can do",
                answers: [.ok(ProviderConnection.schema)], problems: [.forbidden], handler: verify),
        ]
    }

    private func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        return call.answer(
            try await call.read { connection in
                try ProviderConnection.list(
                    request, provider: call.query["provider"], state: call.query["state"], for: call.caller, connection)
            })
    }

    private func get(_ call: Call) async throws -> Answer {
        let found = try await call.read { try ProviderConnection.find(call.parameter("id"), for: call.caller, $0) }
        return .json(.ok, found).with(etag: found.etag)
    }

    private func create(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        let draft = try await verified(try draft(from: call), at: call.at)
        defer { engine.look(at: .connections) }
        return try await call.commit { connection in
            for project in draft.projects ?? [] { _ = try Project.find(project, for: call.caller, connection) }
            try draft.insert(by: call.attribution, connection)
            return .created(draft, at: "/v1/connections/\(draft.id)").with(etag: draft.etag)
        }
    }

    private func draft(from call: Call) throws -> ProviderConnection {
        let id = call.attribution.makeID(ConnectionKind.self)
        let provider = call.body?["provider"]?.string ?? ""
        guard call.caller.mode == .live || provider == "simulator" else {
            throw Problem.invalid("provider", "Test mode reaches nothing but the simulator.", code: "test_mode")
        }
        let (settings, secret) = (call.body?["settings"] ?? .object([]), call.body?["secret"])
        try check(provider, settings, secret)
        return ProviderConnection(
            id: id, tenant: call.caller.tenant, name: call.body?["name"]?.string ?? "", provider: provider, settings: settings,
            secret: try secret.map { try engine.pool.seal($0, for: id) }, labels: try ResourceDraft.labels(call.body?["labels"]),
            projects: Self.projects(call.body?["project_ids"]),
            state: .failing, stateDetail: "", capabilities: nil, verifiedAt: nil, version: 1, createdAt: call.at, updatedAt: call.at)
    }

    private static func projects(_ json: JSON?) -> [ProjectID]? { json?.array.map { $0.compactMap(\.string).map { ProjectID($0) } } }

    private func check(_ provider: String, _ settings: JSON, _ secret: JSON?) throws {
        let violations = try engine.pool.driver(provider).violations(settings: settings, secret: secret)
        if let first = violations.first { throw Problem(.validationFailed, at: violations, first: first) }
    }

    /// With what the provider says about itself. What it cannot say is a state, not an error.
    private func verified(_ draft: ProviderConnection, at now: Timestamp) async throws -> ProviderConnection {
        var draft = draft
        await engine.probe(&draft, at: now)
        return draft
    }

    private func update(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        let known = try await call.read { try ProviderConnection.find(call.parameter("id"), for: call.caller, $0) }
        var wanted = known
        if let name = call.body?["name"]?.string { wanted.name = name }
        if let settings = call.body?["settings"] { wanted.settings = settings }
        if let secret = call.body?["secret"] { wanted.secret = secret == .null ? nil : try engine.pool.seal(secret, for: known.id) }
        if let labels = call.body?["labels"] { wanted.labels = try ResourceDraft.labels(labels) }
        if let projects = call.body?["project_ids"] { wanted.projects = Self.projects(projects) }
        try check(wanted.provider, wanted.settings, call.body?["secret"] ?? engine.pool.secret(of: known))
        wanted.version += 1
        wanted.updatedAt = call.at
        let found = try await verified(wanted, at: call.at)
        defer { engine.look(at: .connections) }
        return try await call.commit { connection in
            let current = try ProviderConnection.find(call.parameter("id"), for: call.caller, connection)
            try call.requireMatch(current.etag)
            guard current.version == known.version else { throw Problem(.preconditionFailed, "The connection was changed meanwhile.") }
            for project in found.projects ?? [] { _ = try Project.find(project, for: call.caller, connection) }
            try found.save(before: current, by: call.attribution, connection)
            return .json(.ok, found).with(etag: found.etag)
        }
    }

    private func delete(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        return try await call.commit { connection in
            let found = try ProviderConnection.find(call.parameter("id"), for: call.caller, connection)
            try call.requireMatch(found.etag)
            try found.delete(by: call.attribution, connection)
            return .noContent
        }
    }

    private func verify(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        let known = try await call.read { try ProviderConnection.find(call.parameter("id"), for: call.caller, $0) }
        let findings = try await verified(known, at: call.at)
        return try await call.commit { connection in
            var current = try ProviderConnection.find(call.parameter("id"), for: call.caller, connection)
            let before = current.state
            current.take(findings)
            try current.saveFindings(before: before, by: call.attribution, connection)
            return .json(.ok, current).with(etag: current.etag)
        }
    }
}
