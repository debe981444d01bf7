import HTTPTypes
package import Kernel
import Storage
package import Web

/// `/v1/oauth/grants`: the applications a person lets act for them, to be seen and taken back.
enum OAuthGrantRoutes {
    static var all: [Route] {
        [
            Route(
                .get, "/v1/oauth/grants", .session, "List the applications that act for oneself",
                query: ListEnvelope.parameters(sort: OAuthGrant.sortFields), answers: [.list(of: OAuthGrant.schema)], handler: list),
            Route(
                .get, "/v1/oauth/grants/{id}", .session, "Read one of them", answers: [.ok(OAuthGrant.schema)], handler: get),
            Route(
                .delete, "/v1/oauth/grants/{id}", .session, "Take a consent back",
                details: "The application's tokens are refused from the very next request on.", answers: [.noContent()], handler: revoke),
        ]
    }

    private static func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        return call.answer(
            try await call.read { try OAuthGrant.list(of: call.person, in: call.caller.workspace, at: call.at, request, $0) })
    }

    private static func get(_ call: Call) async throws -> Answer {
        .json(.ok, try await call.read { try OAuthGrant.find(call.id(), of: call.person, in: call.caller.workspace, at: call.at, $0) })
    }

    private static func revoke(_ call: Call) async throws -> Answer {
        try await call.commit { connection in
            let grant = try OAuthGrant.find(call.id(), of: call.person, in: call.caller.workspace, at: call.at, connection)
            try grant.revoke(.person, by: call.attribution, connection)
            return .noContent
        }
    }
}

extension Call {
    /// Whose session it is; these calls need one.
    fileprivate var person: UserID { caller.user ?? UserID("") }
}

extension OAuthGrant: JSONRepresentable, SchemaDescribed {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("client_id", client)
            json.field("client_name", clientName)
            json.field("mode", mode.rawValue)
            json.array("scopes", scopes.patterns)
            json.field("created_at", createdAt)
            json.field("last_token_at", usedAt)
            json.field("expires_at", expiresAt)
        }
    }

    package static let schema = Schema.named(
        "OAuthGrant",
        .object([
            .required("id", .id("ogr")), .required("client_id", .id("ocl")), .required("client_name", .name()),
            .required("mode", .choice(of: Mode.self)), .required("scopes", .array(.string(1...100))),
            .required("created_at", .timestamp()), .required("last_token_at", Schema.timestamp().nullable),
            .required("expires_at", .timestamp("When it ends unless its refresh token is used before.")),
        ]))
}
