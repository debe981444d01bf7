import Kernel
import Provider
import Storage

/// Where a resource is not as a member says. What the member does not say is left alone.
struct StackDifference {
    private let present: Resource
    private let wanted: JSON
    private let member: StackDefinition.Member
    private let account: ProviderConnection
    private let project: ProjectID
    private let connection: Connection

    init(
        _ present: Resource, _ wanted: JSON, _ member: StackDefinition.Member, _ account: ProviderConnection, project: ProjectID,
        connection: Connection
    ) {
        self.present = present
        self.wanted = wanted
        self.member = member
        self.account = account
        self.project = project
        self.connection = connection
    }

    func fields() throws -> [FieldChange] {
        var found: [FieldChange] = []
        func compare(_ name: String, _ before: JSON, _ after: JSON) {
            if before.canonicalBytes != after.canonicalBytes { found.append(FieldChange(field: name, before: before, after: after)) }
        }
        if let labels = wanted["labels"] { compare("labels", .object(present.labels.map { .init($0.key, .string($0.value)) }), labels) }
        if let isProtected = member.isProtected { compare("deletion_protection", .bool(present.isProtected), .bool(isProtected)) }
        if wanted["provider"] != nil { compare("provider", JSON(present.connection), JSON(account.id)) }
        if let location = wanted["location"] { compare("location", .string(present.location), location) }
        let spec = present.spec.json
        for entry in wanted["spec"]?.members ?? [] {
            let (name, value) = try kept(entry.name, entry.value)
            if let before = spec[name] { compare("spec." + name, before, value) }
        }
        return found
    }

    /// Whether it can be had without a new resource.
    func canChange(_ change: FieldChange) -> Bool {
        if change.field == "labels" || change.field == "deletion_protection" { return true }
        if change.field == "spec.size_gib", let before = change.before?.integer, let after = change.after?.integer { return after > before }
        return change.field.hasPrefix("spec.") && present.kind.changeable.contains(String(change.field.dropFirst(5)))
    }

    /// A member of a draft as a resource keeps it: ids for names, digests for secrets.
    private func kept(_ name: String, _ value: JSON) throws -> (String, JSON) {
        switch name {
        case "network_id": return ("network_ids", .array([try id(value, .network)]))
        case "network_ids": return (name, .array(try (value.array ?? []).map { try id($0, .network) }))
        case "volumes":
            return (
                name,
                .array(
                    try (value.array ?? []).map { entry -> JSON in
                        ["volume_id": try id(entry["volume_id"] ?? .null, .volume), "path": entry["path"] ?? .null]
                    })
            )
        case "ip_ids": return (name, .array(try (value.array ?? []).map { try id($0, .address) }))
        case "volume_id": return (name, try id(value, .volume))
        case "from_snapshot": return (name, try id(value, .snapshot))
        case "rules": return (name, FirewallSpec(["rules": value]).json["rules"] ?? value)
        case "apply_to": return (name, try target(value))
        case "env": return ("env_sha256", value.members?.isEmpty == true ? .null : .string(SpecResolution.digest(value.canonicalBytes)))
        case "user_data": return ("user_data_sha256", .string(SpecResolution.digest(Array((value.string ?? "").utf8))))
        default: return (name, value)
        }
    }

    /// Of a firewall: what it leaves out stays as it is.
    private func target(_ value: JSON) throws -> JSON {
        let kept = present.spec.json["apply_to"]
        let ids = try value["ids"]?.array.map { JSON.array(try $0.map { try id($0, .instance) }) }
        return ["selector": value["selector"] ?? kept?["selector"] ?? .null, "ids": ids ?? kept?["ids"] ?? .array([])]
    }

    private func id(_ value: JSON, _ kind: ResourceKind) throws -> JSON {
        guard let text = value.string, !text.hasPrefix(kind.idPrefix + "_") else { return value }
        return JSON(try Resource.find(named: text, kind, in: project, present.tenant, connection)?.id.rawValue ?? text)
    }
}
