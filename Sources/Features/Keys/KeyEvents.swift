import Kernel
package import Web

/// What is said in the log about keys and tokens; never a secret, and of a secret no digest.
package enum KeyEvents {
    private static let snapshot = Schema.object([
        .required("kind", .choice(["project", "workspace", "token"])), .required("mode", .choice(of: Mode.self)),
        .required("name", .string(0...1000)), .required("project_id", Schema.id("proj").nullable),
        .required("role", .choice(of: Role.self)),
        .required("scopes", .array(.string(1...100))), .required("rate_limit_per_minute", Schema.integer(1...1_000_000_000).nullable),
        .required("expires_at", Schema.timestamp().nullable),
    ])
    private static let project = Schema.Field.required("project_id", Schema.id("proj", "The project it belongs to.").nullable)

    package static let types = [
        EventType.creation("key.created", "A key was made.", of: snapshot),
        .change("key.updated", "A key's name or rate limit changed.", of: snapshot),
        EventType(
            "key.rotated", "A key got a new secret.",
            data: [.required("overlap_seconds", .integer(0...31_536_000, "How long the old secret stays valid.")), project]),
        EventType("key.revoked", "A key is refused from now on, with every token made by it.", data: [project]),
        .creation("token.created", "A scoped token was made.", of: snapshot),
        EventType("token.revoked", "A scoped token is refused from now on.", data: [project]),
    ]
}
