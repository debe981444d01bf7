package import Kernel

/// What applying a file would do, entry by entry.
package enum Plan {
    package enum Step: Sendable, Equatable {
        case create
        case nothing
        /// Each as `member: old → new`.
        case change([String])
        /// Members that only a new resource can have.
        case refused([String])

        package var sign: String {
            switch self {
            case .create: "+ create"
            case .nothing: "  nothing"
            case .change: "~ change"
            case .refused: "! cannot"
            }
        }

        package var details: [String] {
            switch self {
            case .create, .nothing: []
            case .change(let details), .refused(let details): details
            }
        }
    }

    /// Compares what the file says with what is there, and nothing that it does not say. References (`network_ids`, `volumes`), `env` and
    /// `user_data` cannot be compared: the server does not show them as they were sent, and takes them only with a new resource.
    package static func step(_ entry: Manifest.Entry, existing: JSON?) -> Step {
        guard let existing, !["deleted", "purged"].contains(existing["status"]?["phase"]?.string) else { return .create }
        let wanted = entry.body
        let metadata = ["labels", "deletion_protection", "expires_at"].compactMap { difference($0, wanted[$0], existing[$0]) }
        let spec = (wanted["spec"]?.members ?? []).compactMap { member in
            difference(member.name, member.value, existing["spec"]?[member.name]).map { (member.name, $0) }
        }
        let fixed = spec.filter { ["image", "command", "type", "encrypted", "cidr", "nat", "family"].contains($0.0) }.map { $0.1 }
        guard fixed.isEmpty else { return .refused(fixed) }
        let changed = metadata + spec.filter { Self.changeable.contains($0.0) }.map { "spec." + $0.1 }
        return changed.isEmpty ? .nothing : .change(changed)
    }

    private static let changeable = [
        "size", "power", "size_gib", "public", "versioning", "encryption", "expire_days", "quota_bytes", "reverse_dns", "rules",
    ]

    private static func difference(_ name: String, _ wanted: JSON?, _ existing: JSON?) -> String? {
        guard let wanted, !isSame(wanted, existing ?? .null) else { return nil }
        return "\(name): \(TextTable.text(existing ?? .null)) → \(TextTable.text(wanted))"
    }

    /// Members may stand in any order.
    private static func isSame(_ one: JSON, _ other: JSON) -> Bool {
        guard let members = one.members, let others = other.members else { return one == other }
        return members.count == others.count && members.allSatisfy { isSame($0.value, other[$0.name] ?? .null) }
    }

    /// The body to send: ids where the file has names of its own entries.
    package static func body(_ entry: Manifest.Entry, project: String, ids: [String: String]) -> JSON {
        func id(_ value: JSON) -> JSON { value.string.flatMap { ids[$0] }.map { .string($0) } ?? value }
        var members = (entry.body.members ?? []).filter { $0.name != "project_id" }
        for index in members.indices {
            switch members[index].name {
            case "depends_on": members[index].value = .array((members[index].value.array ?? []).map(id))
            case "spec":
                members[index].value = .object(
                    (members[index].value.members ?? []).map { member in
                        switch member.name {
                        case "network_id", "volume_id", "from_snapshot": return .init(member.name, id(member.value))
                        case "network_ids": return .init(member.name, .array((member.value.array ?? []).map(id)))
                        case "ip_ids": return .init(member.name, .array((member.value.array ?? []).map(id)))
                        case "apply_to":
                            let members = (member.value.members ?? []).map { part in
                                part.name == "ids" ? .init(part.name, .array((part.value.array ?? []).map(id))) : part
                            }
                            return .init(member.name, .object(members))
                        case "volumes":
                            let volumes = (member.value.array ?? []).map { volume in
                                JSON.object((volume.members ?? []).map { .init($0.name, $0.name == "volume_id" ? id($0.value) : $0.value) })
                            }
                            return .init(member.name, .array(volumes))
                        default: return member
                        }
                    })
            default: break
            }
        }
        return .object([.init("project_id", .string(project))] + members)
    }
}
