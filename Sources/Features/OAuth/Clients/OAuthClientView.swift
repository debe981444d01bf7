import Kernel
import Web

/// A client as `/v1/oauth/clients` writes it. Its `id` is its `client_id`.
struct OAuthClientView: JSONRepresentable {
    let client: OAuthClient
    var secret: String?

    init(_ client: OAuthClient) { self.client = client }

    init(_ fresh: FreshOAuthClient) {
        client = fresh.client
        secret = fresh.secret
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", client.id)
            if let secret { json.field("client_secret", secret) }
            json.field("name", client.name)
            json.field("type", client.kind.rawValue)
            json.field("last_four", client.secret?.lastFour)
            json.field("mode", client.mode.rawValue)
            json.field("project_id", client.project)
            json.field("role", client.role.rawValue)
            json.array("scopes", client.scopes.patterns)
            json.array("redirect_uris", client.redirects.map(\.text))
            json.array("grant_types", client.grantTypes.map(\.rawValue))
            json.field("rate_limit_per_minute", client.requestsPerMinute)
            json.field("overlap_until", client.secret?.overlapsUntil)
            json.field("last_token_at", client.lastTokenAt)
            json.field("created_at", client.createdAt)
        }
    }

    private static let fields: [Schema.Field] = [
        .required("id", .id("ocl", "Send it as `client_id`.")), .required("name", .name()),
        .required("type", .choice(of: OAuthClient.Kind.self)),
        .required("last_four", Schema.string(4...4, .text, "Of the secret; null for a public client.").nullable),
        .required("mode", .choice(of: Mode.self)), .required("project_id", Schema.id("proj").nullable),
        .required("role", .choice(of: Role.self)), .required("scopes", .array(.string(1...100))),
        .required("redirect_uris", .array(.string(1...500))),
        .required("grant_types", .array(.choice(of: OAuthClient.GrantType.self), 0...3)),
        .required("rate_limit_per_minute", .integer(1...1_000_000_000)),
        .required("overlap_until", Schema.timestamp("Until when the secret before the last rotation works.").nullable),
        .required("last_token_at", Schema.timestamp("When it last got a token for itself, to the hour.").nullable),
        .required("created_at", .timestamp()),
    ]
    static let schema = Schema.named("OAuthClient", .object(fields))
    static let freshSchema = Schema.named(
        "NewOAuthClient",
        .object(
            fields + [
                .optional(
                    "client_secret",
                    .string(1...100, .text, "Shown once; a public client has none.").example("ocs_…"))
            ]))
}
