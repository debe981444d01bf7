import HTTPTypes
import Identity
import Kernel
import Storage
package import Web

/// `/v1/keys`: the keys of projects, as the CloudAPI document has them.
package enum ProjectKeyRoutes {
    package static var all: [Route] {
        [
            Route(
                .get, "/v1/keys", .scope(.keysRead), "List project keys",
                query: ListEnvelope.parameters(sort: Key.sortFields, filters: [.init("project_id", .string(1...100))]),
                answers: [.list(of: ProjectKeyView.schema)], handler: list),
            Route(
                .post, "/v1/keys", .session, "Make a project key",
                details: "Needs a session. The secret is shown once. Without `scopes` the key may do everything inside its project.",
                body: .required(
                    .object([
                        .required("project_id", .id("proj")), .optional("name", .name()), .optional("mode", KeyFields.mode),
                        .optional("scopes", KeyFields.scopes), .optional("expires_at", KeyFields.expiry),
                        .optional("rate_limit_per_minute", KeyFields.rateLimit),
                    ])), answers: [.created(ProjectKeyView.freshSchema)], problems: [.forbidden, .notFound, .projectArchived],
                handler: create),
            Route(.get, "/v1/keys/{id}", .scope(.keysRead), "Read a project key", answers: [.ok(ProjectKeyView.schema)], handler: get),
            Route(
                .patch, "/v1/keys/{id}", .scope(.keysWrite), "Rename a project key, or set its rate limit",
                body: .required(.object([.optional("name", .name()), .optional("rate_limit_per_minute", KeyFields.rateLimit.nullable)])),
                answers: [.ok(ProjectKeyView.schema)], problems: [.forbidden, .preconditionFailed], handler: update),
            Route(
                .delete, "/v1/keys/{id}", .scope(.keysWrite), "Revoke a key",
                details: "The very next request with it is refused, and with every token made with it. It cannot be undone. Twice is once.",
                answers: [.ok(KeyFields.revoked)], problems: [.forbidden, .preconditionFailed], handler: revoke),
            Route(
                .post, "/v1/keys/{id}/rotation", .scope(.keysWrite), "Give a key a new secret", body: .optional(KeyFields.rotation),
                answers: [.created(ProjectKeyView.freshSchema)], problems: [.forbidden, .conflict], handler: rotate),
        ]
    }

    private static func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        let project = call.query["project_id"].map { ProjectID($0) }
        let page = try await call.read { try Key.list(request, kind: .project, project: project, for: call.caller, $0) }
        return call.answer(page.map { ProjectKeyView(key: $0) })
    }

    private static func get(_ call: Call) async throws -> Answer {
        let key = try await call.read { try Key.find(call.parameter("id"), kinds: [.project], for: call.caller, $0) }
        return .json(.ok, ProjectKeyView(key: key)).with(etag: key.etag)
    }

    private static func create(_ call: Call) async throws -> Answer {
        let project = ProjectID(call.body?["project_id"]?.string ?? "")
        var draft = try KeyDraft.projectKey(
            named: call.body?["name"]?.string ?? "", of: project, mode: call.requestedMode, for: call.caller)
        draft.scopes = try call.requestedScopes()
        draft.expiresAt = try call.requestedExpiry()
        draft.rateLimit = try call.requestedRateLimit()
        return try await call.commit { [draft] connection in
            let fresh = try Key.mint(draft, for: call.caller, by: call.attribution, connection)
            return .created(ProjectKeyView(key: fresh.key, secret: fresh.secret), at: "/v1/keys/\(fresh.key.id)").holdingSecret()
        }
    }

    private static func update(_ call: Call) async throws -> Answer {
        let rateLimit = try call.requestedRateLimit()
        let clearsLimit = call.body?["rate_limit_per_minute"] == .null
        return try await call.commit { connection in
            let key = try call.administered([.project], connection)
            try call.requireMatch(key.etag)
            let updated = try key.update(
                name: call.body?["name"]?.string, rateLimit: clearsLimit ? .some(nil) : rateLimit.map { .some($0) }, by: call.attribution,
                connection)
            return .json(.ok, ProjectKeyView(key: updated)).with(etag: updated.etag)
        }
    }

    private static func revoke(_ call: Call) async throws -> Answer {
        try await call.commit { connection in
            let key = try call.administered([.project, .workspace], connection)
            try call.requireMatch(key.etag)
            try key.revoke(by: call.attribution, connection)
            return .json(.ok, RevokedView(id: key.id))
        }
    }

    private static func rotate(_ call: Call) async throws -> Answer {
        try await call.commit { connection in
            let fresh = try Key.rotate(
                call.parameter("id"), [.project], overlap: call.overlap, for: call.caller, by: call.attribution, connection)
            return .json(.created, ProjectKeyView(key: fresh.key, secret: fresh.secret)).holdingSecret()
        }
    }
}

extension Call {
    /// Seconds that the old secret works on after a rotation.
    package var overlap: Int64 { body?["overlap_seconds"]?.integer ?? 3600 }

    func administered(_ kinds: Set<Key.Kind>, _ connection: Connection) throws -> Key {
        try Key.administered(parameter("id"), kinds, by: caller, connection)
    }
}
