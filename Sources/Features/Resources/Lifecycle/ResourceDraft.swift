import Crypto
package import Kernel
import Prices
package import Provider
import Storage
package import Web

/// What a create or a put asks for, as it came.
package struct ResourceDraft: Sendable {
    package let kind: ResourceKind
    package var name: String
    package var provider: String?
    package var location: String?
    package var labels: [String: String]
    package var isProtected: Bool
    package var expiresAt: Timestamp?
    package var dependsOn: [String]
    package var sync: SyncDraft
    /// What its place must have, instead of a connection and a location; see `PlacementRequirements`.
    package var placement: JSON?
    /// Checked against the kind's schema; references may be names.
    package var spec: JSON

    package static let nameSchema = Schema.string(1...63, .resourceName, "Lower-case letters, digits and dashes; unique in its project.")
    static let labelsSchema = Schema(.map(.string(0...63, .echo)), "Up to 64; names of 1 to 63 letters, digits and -_./")

    static func fields(_ kind: ResourceKind) -> [Schema.Field] {
        let spec: Schema.Field = kind == .snapshot ? .required("spec", kind.draftSchema) : .optional("spec", kind.draftSchema)
        return [
            .optional("project_id", .id("proj", "Whose it is; a key of a project needs none.")),
            .optional("provider", .string(1...100, .name, "A connection, by id or name; the project's only one when left out.")),
            .optional("location", .string(1...63, .name, "Where, in the provider's words.")), .optional("labels", labelsSchema),
            .optional("deletion_protection", .boolean()),
            .optional("expires_at", Schema.timestamp("When it is deleted by itself.").nullable),
            .optional("ttl_s", .integer(60...31_536_000, "The same, in seconds from now.")),
            .optional("depends_on", .array(.string(1...100, .name), 0...16, "Resources that must be ready first, by id.")),
            spec,
        ] + SyncDraft.fields
    }

    /// Throws `validation_failed` for labels or an expiry that cannot be.
    package init(_ kind: ResourceKind, named name: String, _ body: JSON?, at now: Timestamp) throws {
        self.kind = kind
        self.name = name
        provider = body?["provider"]?.string
        location = body?["location"]?.string
        labels = try Self.labels(body?["labels"])
        isProtected = body?["deletion_protection"]?.bool ?? false
        expiresAt = try Self.expiry(body, at: now) ?? nil
        dependsOn = (body?["depends_on"]?.array ?? []).compactMap(\.string)
        sync = SyncDraft(body)
        placement = body?["placement"]
        spec = body?["spec"] ?? .object([])
    }

    static func labels(_ json: JSON?, at field: String = "labels") throws -> [String: String] {
        let members = json?.members ?? []
        guard members.count <= 64 else { throw Problem.invalid(field, "There are at most 64 labels.", code: "length") }
        for member in members where !LabelSelector.isName(member.name) {
            throw Problem.invalid(
                field, "\"\(member.name.prefix(63))\" is no name for a label: 1 to 63 letters, digits and -_./", code: "format")
        }
        return Dictionary(members.map { ($0.name, $0.value.string ?? "") }) { $1 }
    }

    /// Nil when the body says nothing, `.some(nil)` when it takes the expiry away.
    static func expiry(_ body: JSON?, at now: Timestamp) throws -> Timestamp?? {
        if let seconds = body?["ttl_s"]?.integer {
            guard body?["expires_at"] == nil else {
                throw Problem.invalid("ttl_s", "Say expires_at or ttl_s, not both.", code: "combination")
            }
            return .some(now.adding(seconds: seconds))
        }
        guard let value = body?["expires_at"] else { return nil }
        guard let text = value.string, let expiry = Timestamp(text) else { return .some(nil) }
        guard expiry > now else { throw Problem.invalid("expires_at", "The expiry must lie in the future.", code: "past") }
        return .some(expiry)
    }
}

extension ResourceKind {
    var draftSchema: Schema {
        switch self {
        case .instance: InstanceSpec.draftSchema
        case .volume: VolumeSpec.draftSchema
        case .network: NetworkSpec.draftSchema
        case .bucket: BucketSpec.draftSchema
        case .address: AddressSpec.draftSchema
        case .firewall: FirewallSpec.draftSchema
        case .snapshot: SnapshotSpec.draftSchema
        }
    }

    var changeSchema: Schema {
        switch self {
        case .instance: InstanceSpec.changeSchema
        case .volume: VolumeSpec.changeSchema
        case .network: NetworkSpec.changeSchema
        case .bucket: BucketSpec.changeSchema
        case .address: AddressSpec.changeSchema
        case .firewall: FirewallSpec.changeSchema
        case .snapshot: SnapshotSpec.changeSchema
        }
    }

    var specSchema: Schema {
        switch self {
        case .instance: InstanceSpec.schema
        case .volume: VolumeSpec.schema
        case .network: NetworkSpec.schema
        case .bucket: BucketSpec.schema
        case .address: AddressSpec.schema
        case .firewall: FirewallSpec.schema
        case .snapshot: SnapshotSpec.schema
        }
    }
}
