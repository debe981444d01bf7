import Kernel
package import Web

/// What is said in the log about clients, grants and tokens; never a secret, and of a secret no digest.
///
/// Tokens that a client gets for itself are one event an hour and client, not one each: a client may ask for thousands a second, a row of the
/// hash chain for each would cost more than the token, and say nothing that the client's `last_token_at` and the events of what it then does, which
/// name it, do not say. What a person consented to leaves an event at every step.
package enum OAuthEvents {
    private static let client = Schema.object([
        .required("type", .choice(of: OAuthClient.Kind.self)), .required("mode", .choice(of: Mode.self)), .required("name", .name()),
        .required("project_id", Schema.id("proj").nullable), .required("role", .choice(of: Role.self)),
        .required("scopes", .array(.string(1...100))), .required("redirect_uris", .array(.string(1...500))),
        .required("grant_types", .array(.string(1...100))), .required("rate_limit_per_minute", Schema.integer(1...1_000_000_000).nullable),
    ])
    private static let project = Schema.Field.required("project_id", Schema.id("proj", "The project of the client.").nullable)
    private static let whose: [Schema.Field] = [.required("client_id", .id("ocl")), .required("user_id", .id("usr")), project]

    package static let types = [
        EventType.creation("oauth_client.created", "An OAuth client was registered.", of: client),
        .change("oauth_client.updated", "An OAuth client's name, addresses, grant types, scopes or rate limit changed.", of: client),
        EventType(
            "oauth_client.rotated", "An OAuth client got a new secret.",
            data: [.required("overlap_seconds", .integer(0...31_536_000, "How long the old secret stays valid.")), project]),
        .removal("oauth_client.deleted", "An OAuth client was deleted, with every grant and token of it.", of: client),
        EventType(
            "oauth_client.active", "An OAuth client got a token for itself; said once an hour, however many it gets.",
            data: [.required("scopes", .array(.string(1...100))), project]),
        EventType(
            "oauth_grant.created", "A person let an application act for them.",
            data: whose + [.required("scopes", .array(.string(1...100)))]),
        EventType(
            "oauth_grant.revoked", "An application may no longer act for a person: its tokens are refused from now on.",
            data: whose + [.required("reason", .choice(of: OAuthGrant.End.self))]),
        EventType(
            "oauth_token.issued", "An application got tokens to act for a person.",
            data: whose + [.required("grant_type", .choice(["authorization_code", "refresh_token"]))]),
        EventType(
            "oauth_token.revoked", "A single access token is refused from now on.",
            data: [.required("client_id", .id("ocl")), .required("user_id", Schema.id("usr").nullable), project]),
        EventType(
            "oauth_token.reuse_detected",
            "A code or refresh token came a second time, so somebody else has it too: everything issued by that consent is revoked.",
            data: whose + [.required("kind", .choice(["code", "refresh_token"]))]),
    ]
}
