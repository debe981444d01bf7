package import Kernel
package import Provider
import Storage
package import Web

/// An account at a provider that a workspace has connected. Its secret goes in and never comes out.
package struct ProviderConnection: Sendable {
    package let id: ConnectionID
    package let tenant: Tenant
    package var name: String
    /// A driver's name: `docker`, `simulator`.
    package let provider: String
    package var settings: JSON
    /// Sealed for this connection.
    package var secret: [UInt8]?
    /// What a create that looks for a place can ask for.
    package var labels: [String: String]
    /// Who may use it; nil for every project.
    package var projects: [ProjectID]?
    package var state: State
    package var stateDetail: String
    /// As they were found at the last verification that succeeded.
    package var capabilities: Capabilities?
    package var verifiedAt: Timestamp?
    package var version: Int
    package let createdAt: Timestamp
    package var updatedAt: Timestamp

    package enum State: String, Sendable, CaseIterable, SQLConvertible {
        case connected
        case unreachable
        case unauthorized
        /// It answered, but not as such a provider does.
        case failing
    }

    package var etag: ETag { ETag(version: version) }

    /// Whether that project may use it.
    package func serves(_ project: ProjectID) -> Bool { projects?.contains(project) ?? true }

    /// Whether its instances are stopped when they were made.
    var makesStopped: Bool { capabilities?.features.contains(.madeStopped) ?? true }

    /// Throws `unsupported_by_provider`. What has never been asked is let through: its operations will tell.
    package func require(_ feature: Capabilities.Feature) throws {
        guard let capabilities, !capabilities.features.contains(feature) else { return }
        throw Problem(
            .unsupportedByProvider, "The provider of the connection \(name) (\(capabilities.server)) cannot do \(feature.rawValue).",
            members: ["capability": .string(feature.rawValue)])
    }
}

extension ProviderConnection: JSONRepresentable, SchemaDescribed {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("name", name)
            json.field("provider", provider)
            json.field("mode", tenant.mode.rawValue)
            json.field("settings", settings)
            json.field("has_secret", secret != nil)
            json.field("labels", labelsJSON)
            json.field("project_ids", projects.map { JSON.array($0.map { .string($0.rawValue) }) })
            json.field("state", state.rawValue)
            json.field("state_detail", stateDetail)
            json.field("capabilities", capabilities?.json)
            json.field("verified_at", verifiedAt)
            json.field("created_at", createdAt)
            json.field("updated_at", updatedAt)
        }
    }

    static let capabilitiesFields: [Schema.Field] = [
        .required("server", .string(0...200, .echo)), .required("features", .array(.choice(of: Capabilities.Feature.self))),
        .required(
            "largest",
            Schema.object([.required("milli_cpus", .integer(0...Int64.max)), .required("memory_mib", .integer(0...Int64.max))]).nullable),
        .required(
            "identification",
            Schema(.map(.choice(of: Capabilities.Identification.self)), "How an object is found again after a lost answer.")),
    ]

    package static let schema = Schema.named(
        "Connection",
        .object([
            .required("id", .id("con")), .required("name", .string(1...63)), .required("provider", .string(1...40).example("docker")),
            .required("mode", .choice(of: Mode.self)),
            .required("settings", Schema(.map(Schema(.any)), "As the provider's driver takes them.")),
            .required("has_secret", .boolean("Whether a secret is kept; it is never shown.")),
            .required("labels", Schema(.map(.string(0...63, .echo)), "What `placement` of a create can ask for.")),
            .required("project_ids", Schema.array(.id("proj"), 0...100, "Who may use it; null for every project.").nullable),
            .required("state", .choice(of: State.self, "What the last verification found.")),
            .required("state_detail", .string(0...2000, .echo)),
            .required("capabilities", Schema.object(capabilitiesFields).nullable), .required("verified_at", Schema.timestamp().nullable),
            .required("created_at", .timestamp()), .required("updated_at", .timestamp()),
        ]))

    var labelsJSON: JSON { .object(labels.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }) }

    /// What stands in the log about it.
    var snapshot: JSON {
        [
            "name": .string(name), "provider": .string(provider), "settings": settings, "has_secret": .bool(secret != nil),
            "labels": labelsJSON, "project_ids": projects.map { .array($0.map { .string($0.rawValue) }) } ?? .null,
        ]
    }
}
