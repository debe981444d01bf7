import Kernel
import Web

/// A project key as `/v1/keys` writes it: `id`, `scopes` as resource:action.
struct ProjectKeyView: JSONRepresentable {
    let key: Key
    var secret: String?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", key.id)
            if let secret { json.field("key", secret) }
            json.field("prefix", key.prefix)
            json.field("last_four", key.lastFour)
            json.field("name", key.name)
            json.field("project_id", key.project)
            json.field("mode", key.mode.rawValue)
            json.array("scopes", key.scopes.patterns)
            json.field("profile", key.profile.rawValue)
            key.writeLife(to: &json)
        }
    }

    private static let fields: [Schema.Field] =
        [
            .required("id", .id("key")), .required("prefix", .string(1...20).example("sk_live_")), .required("last_four", .string(4...4)),
            .required("name", .string(0...120)), .required("project_id", .id("proj")), .required("mode", .choice(["live", "test"])),
            .required("scopes", .array(.string(1...100))), .required("profile", .choice(["cloudapi", "cloudplatform"])),
        ] + Key.lifeFields
    static let schema = Schema.named("ProjectKey", .object(fields))
    static let freshSchema = Schema.named(
        "NewProjectKey", .object(fields + [.required("key", .string(1...100, .text, "The secret, shown once.").example("sk_live_…"))]))
}

/// A workspace key as `/v1/api-keys` writes it: `key_id`, `scope` as action:resource.
struct WorkspaceKeyView: JSONRepresentable {
    let key: Key
    var secret: String?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("key_id", key.id)
            if let secret { json.field("key", secret) }
            json.field("prefix", key.prefix)
            json.field("last_four", key.lastFour)
            json.field("name", key.name)
            json.array("scope", key.scopes.actionFirstPatterns)
            json.field("role", key.role.rawValue)
            json.field("project_ids", key.projects.map { JSON.array($0.map { .string($0.rawValue) }) })
            json.array("ip_ranges", key.addressRanges.map(\.description))
            json.field("mode", key.mode.rawValue)
            json.field("profile", key.profile.rawValue)
            key.writeLife(to: &json)
        }
    }

    private static let fields: [Schema.Field] =
        [
            .required("key_id", .id("key")), .required("prefix", .string(1...20).example("pk_live_")),
            .required("last_four", .string(4...4)),
            .required("name", .string(0...120)), .required("scope", .array(.string(1...100))),
            .required("role", .choice(["viewer", "editor", "admin"])),
            .required("project_ids", Schema.array(.id("proj")).nullable), .required("ip_ranges", .array(.string(1...60))),
            .required("mode", .choice(["live", "test"])), .required("profile", .choice(["cloudapi", "cloudplatform"])),
        ] + Key.lifeFields
    static let schema = Schema.named("WorkspaceKey", .object(fields))
    static let freshSchema = Schema.named(
        "NewWorkspaceKey", .object(fields + [.required("key", .string(1...100, .text, "The secret, shown once.").example("pk_live_…"))]))
}

/// A scoped token as `/v1/tokens` writes it.
struct TokenView: JSONRepresentable {
    let key: Key
    var secret: String?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", key.id)
            if let secret { json.field("token", secret) }
            json.field("prefix", key.prefix)
            json.field("last_four", key.lastFour)
            json.field("name", key.name)
            json.array("scopes", key.scopes.patterns)
            json.field("project_id", key.project)
            json.field("mode", key.mode.rawValue)
            json.field("profile", key.profile.rawValue)
            key.writeLife(to: &json)
        }
    }

    private static let fields: [Schema.Field] =
        [
            .required("id", .id("tok")), .required("prefix", .string(1...20).example("cap_")), .required("last_four", .string(4...4)),
            .required("name", .string(0...120)), .required("scopes", .array(.string(1...100))),
            .required("project_id", Schema.id("proj").nullable),
            .required("mode", .choice(["live", "test"])), .required("profile", .choice(["cloudapi", "cloudplatform"])),
        ] + Key.lifeFields
    static let schema = Schema.named("Token", .object(fields))
    static let freshSchema = Schema.named(
        "NewToken", .object(fields + [.required("token", .string(1...100, .text, "The secret, shown once.").example("cap_…"))]))
}

struct RevokedView: JSONRepresentable {
    let id: String

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("revoked", true)
        }
    }
}

extension Key {
    fileprivate func writeLife(to json: inout JSONWriter) {
        json.field("rate_limit_per_minute", requestsPerMinute)
        json.field("revoked", revokedAt != nil)
        json.field("overlap_until", overlapsUntil)
        json.field("expires_at", expiresAt)
        json.field("last_used_at", lastUsedAt)
        json.field("created_at", createdAt)
    }

    fileprivate static let lifeFields: [Schema.Field] = [
        .required("rate_limit_per_minute", .integer(1...1_000_000_000)), .required("revoked", .boolean()),
        .required("overlap_until", Schema.timestamp("Until when the secret before the last rotation works.").nullable),
        .required("expires_at", Schema.timestamp().nullable), .required("last_used_at", Schema.timestamp("To the minute.").nullable),
        .required("created_at", .timestamp()),
    ]
}
