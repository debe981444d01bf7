import HTTPTypes
import Identity
import Kernel
import Storage
package import Web

/// `/v1/api-keys`: keys of the workspace, as the Cloud API Platform document has them.
package enum WorkspaceKeyRoutes {
    package static var all: [Route] {
        [
            Route(
                .get, "/v1/api-keys", .scope(.keysRead), "List workspace keys", query: ListEnvelope.parameters(sort: Key.sortFields),
                answers: [.list(of: WorkspaceKeyView.schema)], handler: list),
            Route(
                .post, "/v1/api-keys", .scope(.keysWrite), "Make a workspace key",
                details: "The secret is shown once. Nothing can make a key wider than itself.",
                body: .required(
                    .object([
                        .required("name", .name()), .optional("scope", KeyFields.scopes), .optional("scopes", KeyFields.scopes),
                        .optional("role", .choice(of: Role.self)),
                        .optional("project_ids", .array(.id("proj"), 1...100, "Narrows it to these.")),
                        .optional("ip_ranges", KeyFields.ranges), .optional("mode", KeyFields.mode),
                        .optional("expires_at", KeyFields.expiry),
                        .optional("rate_limit_per_minute", KeyFields.rateLimit),
                    ])), answers: [.created(WorkspaceKeyView.freshSchema)], problems: [.forbidden, .notFound], handler: create),
            Route(
                .get, "/v1/api-keys/{id}", .scope(.keysRead), "Read a workspace key", answers: [.ok(WorkspaceKeyView.schema)], handler: get),
            Route(
                .patch, "/v1/api-keys/{id}", .scope(.keysWrite), "Rename a workspace key, or set its rate limit",
                body: .required(.object([.optional("name", .name()), .optional("rate_limit_per_minute", KeyFields.rateLimit.nullable)])),
                answers: [.ok(WorkspaceKeyView.schema)], problems: [.forbidden, .preconditionFailed], handler: update),
            Route(
                .delete, "/v1/api-keys/{id}", .scope(.keysWrite), "Revoke a workspace key", answers: [.ok(KeyFields.revoked)],
                problems: [.forbidden, .preconditionFailed], handler: revoke),
            Route(
                .post, "/v1/api-keys/{id}/rotation", .scope(.keysWrite), "Give a workspace key a new secret",
                body: .optional(KeyFields.rotation),
                answers: [.created(WorkspaceKeyView.freshSchema)], problems: [.forbidden, .conflict], handler: rotate),
        ]
    }

    private static func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        let page = try await call.read { try Key.list(request, kind: .workspace, project: nil, for: call.caller, $0) }
        return call.answer(page.map { WorkspaceKeyView(key: $0) })
    }

    private static func get(_ call: Call) async throws -> Answer {
        let key = try await call.read { try Key.find(call.parameter("id"), kinds: [.workspace], for: call.caller, $0) }
        return .json(.ok, WorkspaceKeyView(key: key)).with(etag: key.etag)
    }

    private static func create(_ call: Call) async throws -> Answer {
        let draft = try draft(from: call)
        return try await call.commit { connection in
            let fresh = try Key.mint(draft, for: call.caller, by: call.attribution, connection)
            return .created(WorkspaceKeyView(key: fresh.key, secret: fresh.secret), at: "/v1/api-keys/\(fresh.key.id)").holdingSecret()
        }
    }

    private static func draft(from call: Call) throws -> KeyDraft {
        var draft = try KeyDraft.workspaceKey(
            named: call.body?["name"]?.string ?? "", mode: call.requestedMode, role: call.body?["role"]?.string.flatMap(Role.init),
            projects: call.body?["project_ids"]?.array?.compactMap(\.string).map { ProjectID($0) }, for: call.caller)
        draft.scopes = try call.requestedScopes(role: draft.role)
        draft.expiresAt = try call.requestedExpiry()
        draft.rateLimit = try call.requestedRateLimit()
        draft.addressRanges = (call.body?["ip_ranges"]?.array ?? []).compactMap { $0.string.flatMap { AddressRange($0) } }
        return draft
    }

    private static func update(_ call: Call) async throws -> Answer {
        let rateLimit = try call.requestedRateLimit()
        let clearsLimit = call.body?["rate_limit_per_minute"] == .null
        return try await call.commit { connection in
            let key = try call.administered([.workspace], connection)
            try call.requireMatch(key.etag)
            let updated = try key.update(
                name: call.body?["name"]?.string, rateLimit: clearsLimit ? .some(nil) : rateLimit.map { .some($0) }, by: call.attribution,
                connection)
            return .json(.ok, WorkspaceKeyView(key: updated)).with(etag: updated.etag)
        }
    }

    private static func revoke(_ call: Call) async throws -> Answer {
        try await call.commit { connection in
            let key = try call.administered([.workspace], connection)
            try call.requireMatch(key.etag)
            try key.revoke(by: call.attribution, connection)
            return .json(.ok, RevokedView(id: key.id))
        }
    }

    private static func rotate(_ call: Call) async throws -> Answer {
        try await call.commit { connection in
            let fresh = try Key.rotate(
                call.parameter("id"), [.workspace], overlap: call.overlap, for: call.caller, by: call.attribution, connection)
            return .json(.created, WorkspaceKeyView(key: fresh.key, secret: fresh.secret)).holdingSecret()
        }
    }
}
