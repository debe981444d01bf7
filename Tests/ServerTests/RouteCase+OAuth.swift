import Kernel
import Web

extension RouteCase {
    static let oauth: [String: RouteCase] = [
        "GET /v1/oauth/clients": RouteCase(),
        "POST /v1/oauth/clients": RouteCase(
            body: { _ in ["name": "Bot"] },
            reference: .init(noun: .project, query: nil, body: { ["name": "Bot", "project_id": .string($0)] })),
        "GET /v1/oauth/clients/{id}": RouteCase(path: [.oauthClient]),
        "PATCH /v1/oauth/clients/{id}": RouteCase(path: [.oauthClient], body: { _ in ["name": "Renamed"] }),
        "DELETE /v1/oauth/clients/{id}": RouteCase(path: [.oauthClient]),
        "POST /v1/oauth/clients/{id}/rotation": RouteCase(path: [.oauthClient], body: { _ in ["overlap_seconds": 60] }),
        "GET /v1/oauth/grants": RouteCase(),
        "GET /v1/oauth/grants/{id}": RouteCase(path: [.oauthGrant]),
        "DELETE /v1/oauth/grants/{id}": RouteCase(path: [.oauthGrant]),
        "POST /oauth/token": RouteCase(body: { form($0, ["grant_type": "client_credentials"]) }),
        "POST /oauth/introspect": RouteCase(body: { form($0, ["token": "unknown"]) }),
        "POST /oauth/revoke": RouteCase(body: { form($0, ["token": "unknown"]) }),
        "GET /.well-known/oauth-authorization-server": RouteCase(),
    ]

    /// The fields with those that a client proves itself by.
    private static func form(_ estate: Estate, _ fields: JSON) -> JSON {
        .object(
            (fields.members ?? []) + [
                .init("client_id", .string(estate.oauth.id)), .init("client_secret", .string(estate.oauth.secret)),
            ])
    }
}

extension JSON {
    /// An object of strings as a form.
    var formText: String {
        (members ?? []).map { "\($0.name)=\(PercentEncoding.encode($0.value.string ?? ""))" }.joined(separator: "&")
    }
}
