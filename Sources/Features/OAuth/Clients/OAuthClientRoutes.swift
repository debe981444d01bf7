import HTTPTypes
package import Kernel
import Keys
package import Storage
import Web

/// `/v1/oauth/clients`: the programs that may ask for tokens.
enum OAuthClientRoutes {
    private static let redirects = Schema.array(
        .string(1...500, .text).example("https://app.example.com/callback"), 0...20,
        "Where a code may be sent: https, http on loopback (any port on 127.0.0.1 and [::1]), or a scheme of its own with a dot in it.")
    private static let grantTypes = Schema.array(
        .choice(of: OAuthClient.GrantType.self), 1...3,
        "When left out: `authorization_code` and `refresh_token` with redirect addresses, else `client_credentials`.")
    private static let changeable: [Schema.Field] = [
        .optional("redirect_uris", redirects), .optional("grant_types", grantTypes), .optional("scopes", KeyFields.scopes),
    ]

    static var all: [Route] {
        [
            Route(
                .get, "/v1/oauth/clients", .scope(.keysRead), "List OAuth clients",
                query: ListEnvelope.parameters(sort: OAuthClient.sortFields), answers: [.list(of: OAuthClientView.schema)], handler: list),
            Route(
                .post, "/v1/oauth/clients", .scope(.keysWrite), "Register an OAuth client",
                details: "The secret is shown once. A client can do no more than who registers it, and its tokens no more than it.",
                body: .required(
                    .object(
                        [
                            .required("name", .name().example("Deploy bot")),
                            .optional("type", .choice(of: OAuthClient.Kind.self, "public for an app that cannot keep a secret.")),
                            .optional("mode", KeyFields.mode), .optional("project_id", .id("proj", "Its tokens stay in this project.")),
                            .optional("role", .choice(of: Role.self)), .optional("rate_limit_per_minute", KeyFields.rateLimit),
                        ] + changeable)), answers: [.created(OAuthClientView.freshSchema)],
                problems: [.forbidden, .notFound, .projectArchived], handler: create),
            Route(
                .get, "/v1/oauth/clients/{id}", .scope(.keysRead), "Read an OAuth client", answers: [.ok(OAuthClientView.schema)],
                handler: get),
            Route(
                .patch, "/v1/oauth/clients/{id}", .scope(.keysWrite), "Change an OAuth client",
                details: "Fewer scopes hold for the tokens there are from the next request on; more of them only for new ones.",
                body: .required(
                    .object(
                        [.optional("name", .name()), .optional("rate_limit_per_minute", KeyFields.rateLimit.nullable)] + changeable)),
                answers: [.ok(OAuthClientView.schema)], problems: [.forbidden, .preconditionFailed], handler: update),
            Route(
                .delete, "/v1/oauth/clients/{id}", .scope(.keysWrite), "Delete an OAuth client",
                details: "Every token and grant of it ends with it, from the very next request on.", answers: [.noContent()],
                problems: [.forbidden, .preconditionFailed], handler: delete),
            Route(
                .post, "/v1/oauth/clients/{id}/rotation", .scope(.keysWrite), "Give an OAuth client a new secret",
                body: .optional(KeyFields.rotation), answers: [.created(OAuthClientView.freshSchema)],
                problems: [.forbidden, .conflict], handler: rotate),
        ]
    }

    private static func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        let page = try await call.read { try OAuthClient.list(request, for: call.caller, $0) }
        return call.answer(page.map { OAuthClientView($0) })
    }

    private static func get(_ call: Call) async throws -> Answer {
        let client = try await call.read { try OAuthClient.find(call.id(), for: call.caller, $0) }
        return .json(.ok, OAuthClientView(client)).with(etag: client.etag)
    }

    private static func create(_ call: Call) async throws -> Answer {
        var draft = try OAuthClientDraft(
            named: call.body?["name"]?.string ?? "", mode: call.requestedMode, project: call.body?["project_id"]?.string.map { ID($0) },
            role: call.body?["role"]?.string.flatMap(Role.init), scopes: call.texts("scopes"), for: call.caller)
        draft.kind = call.body?["type"]?.string.flatMap(OAuthClient.Kind.init) ?? .confidential
        draft.rateLimit = try call.requestedRateLimit()
        try draft.redirect(to: call.texts("redirect_uris") ?? [])
        draft.grant(call.texts("grant_types")?.compactMap(OAuthClient.GrantType.init))
        return try await call.commit { [draft] connection in
            let fresh = try OAuthClient.register(draft, for: call.caller, by: call.attribution, connection)
            return .created(OAuthClientView(fresh), at: "/v1/oauth/clients/\(fresh.client.id)").holdingSecret()
        }
    }

    private static func update(_ call: Call) async throws -> Answer {
        let rateLimit = try call.requestedRateLimit()
        return try await call.commit { connection in
            let client = try OAuthClient.administered(call.id(), by: call.caller, connection)
            try call.requireMatch(client.etag)
            var draft = OAuthClientDraft(client)
            if let name = call.body?["name"]?.string { draft.name = name }
            if call.body?["rate_limit_per_minute"] != nil { draft.rateLimit = rateLimit }
            if let scopes = call.texts("scopes") { draft.scopes = try call.caller.granting(scopes, role: client.role) }
            if let redirects = call.texts("redirect_uris") { try draft.redirect(to: redirects) }
            if let types = call.texts("grant_types") { draft.grant(types.compactMap(OAuthClient.GrantType.init)) }
            try draft.check()
            // Who decides where codes go can have the client's tokens.
            if ["scopes", "redirect_uris", "grant_types"].contains(where: { call.body?[$0] != nil }) {
                try OAuthClient.requireLastingMaker(call.caller, connection)
                _ = try call.caller.granting(draft.scopes.patterns, role: client.role)
            }
            let updated = try client.update(draft, by: call.attribution, connection)
            return .json(.ok, OAuthClientView(updated)).with(etag: updated.etag)
        }
    }

    private static func delete(_ call: Call) async throws -> Answer {
        try await call.commit { connection in
            let client = try OAuthClient.administered(call.id(), by: call.caller, connection)
            try call.requireMatch(client.etag)
            try client.delete(by: call.attribution, connection)
            return .noContent
        }
    }

    private static func rotate(_ call: Call) async throws -> Answer {
        try await call.commit { connection in
            let fresh = try OAuthClient.rotate(
                call.id(), overlap: call.overlap, for: call.caller, by: call.attribution, connection)
            return .json(.created, OAuthClientView(fresh)).holdingSecret()
        }
    }
}

extension OAuthClient {
    /// Whoever sees the new secret can do what the client can: it must be one the caller could have registered. Throws `forbidden` or
    /// `insufficient_scope`.
    package static func rotate(
        _ id: OAuthClientID, overlap: Int64, for caller: Caller, by: Attribution, _ connection: Connection
    ) throws -> FreshOAuthClient {
        let client = try administered(id, by: caller, connection)
        try requireLastingMaker(caller, connection)
        _ = try caller.granting(client.scopes.patterns, role: client.role)
        return try client.rotate(overlap: overlap, by: by, connection)
    }
}

extension Call {
    fileprivate func texts(_ name: String) -> [String]? { body?[name]?.array?.compactMap(\.string) }
}
