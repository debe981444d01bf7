import Crypto
import Identity
import Kernel
import Provider
import Storage
import Web

/// Turns what a request says of a spec into what is kept: defaults filled in, names made ids, secrets sealed, and everything checked
/// against what the provider can do.
struct SpecResolution {
    let caller: Caller
    let project: Project
    let account: ProviderConnection
    let connection: Connection

    /// The spec, what of it is to be sealed, and the operations of other resources that must end first.
    struct Resolved {
        var spec: Spec
        var hidden: JSON?
        var waitsFor: [OperationID] = []
        /// Where it is to be, when its spec or its draft says so.
        var location: String?
    }

    func resolve(_ draft: ResourceDraft) throws -> Resolved {
        try account.require(draft.kind.feature)
        var resolved =
            switch draft.kind {
            case .instance: try instance(draft.spec)
            case .volume: try volume(draft)
            case .network: try network(draft.spec)
            case .bucket: try bucket(draft.spec)
            case .address: try address(draft.spec)
            case .firewall: try firewall(draft.spec)
            case .snapshot: try snapshot(draft)
            }
        resolved.location = resolved.location ?? draft.location
        for (index, id) in draft.dependsOn.enumerated() {
            let other = try reference(id, nil, at: "/depends_on/\(index)")
            if let running = other.operation { resolved.waitsFor.append(running) }
        }
        return resolved
    }

    // MARK: Instances

    private func instance(_ json: JSON) throws -> Resolved {
        var spec = InstanceSpec(json)
        var resolved = Resolved(spec: .instance(spec))
        try requireRoom(for: spec)
        guard json["network_id"] == nil || json["network_ids"] == nil else {
            throw Problem.invalid("spec/network_id", "Say network_id or network_ids, not both.", code: "combination")
        }
        let networks = json["network_id"]?.string.map { [$0] } ?? (json["network_ids"]?.array ?? []).compactMap(\.string)
        if networks.count > 1 { try account.require(.joinNetwork) }
        if !spec.command.isEmpty { try account.require(.command) }
        spec.networks = try networks.enumerated().map { index, name in
            try take(name, .network, at: "/spec/network_ids/\(index)", &resolved)
        }
        spec.volumes = try (json["volumes"]?.array ?? []).enumerated().map { index, entry in
            let path = try checkedPath(entry["path"]?.string ?? "", at: "/spec/volumes/\(index)/path")
            let volume = try take(entry["volume_id"]?.string ?? "", .volume, at: "/spec/volumes/\(index)/volume_id", &resolved)
            try requireFree(volume, at: "/spec/volumes/\(index)/volume_id")
            return .init(volume: volume, path: path)
        }
        spec.addresses = try (json["ip_ids"]?.array ?? []).compactMap(\.string).enumerated().map { index, name in
            try account.require(.attachAddress)
            let address = try take(name, .address, at: "/spec/ip_ids/\(index)", &resolved)
            try requireFree(address, at: "/spec/ip_ids/\(index)")
            return address
        }
        guard Set(spec.networks).count == spec.networks.count, Set(spec.addresses).count == spec.addresses.count,
            Set(spec.volumes.map(\.volume)).count == spec.volumes.count,
            Set(spec.volumes.map(\.path)).count == spec.volumes.count
        else { throw Problem.invalid("spec", "A network, a volume, an address or a path stands twice.", code: "repeated") }
        resolved.hidden = try hide(json, in: &spec)
        resolved.spec = .instance(spec)
        return resolved
    }

    /// Throws `validation_failed` when the provider has no machine that large.
    func requireRoom(for spec: InstanceSpec) throws {
        guard let largest = account.capabilities?.largest else { return }
        guard spec.capacity.milliCPUs <= largest.milliCPUs, spec.capacity.memoryMiB <= largest.memoryMiB else {
            throw Problem(
                .validationFailed,
                "The size \(spec.size) does not fit the provider, which has \(largest.milliCPUs) milli-CPUs and \(largest.memoryMiB) MiB.",
                violations: [.init(pointer: "/spec/size", code: "too_large", detail: "does not fit the provider")])
        }
    }

    /// Environment values and user data may be secrets: only names and digests stay readable.
    private func hide(_ json: JSON, in spec: inout InstanceSpec) throws -> JSON? {
        var hidden: [JSON.Member] = []
        if let environment = json["env"], let members = environment.members, !members.isEmpty {
            guard members.allSatisfy({ !$0.name.isEmpty && !$0.name.contains("=") && $0.name.utf8.count <= 255 }) else {
                throw Problem.invalid("spec/env", "A variable's name has 1 to 255 bytes and no =.", code: "format")
            }
            try account.require(.command)
            spec.environment = members.map(\.name).sorted()
            spec.environmentDigest = Self.digest(environment.canonicalBytes)
            hidden.append(.init("env", environment))
        }
        if let data = json["user_data"]?.string {
            try account.require(.userData)
            spec.userDataDigest = Self.digest(Array(data.utf8))
            hidden.append(.init("user_data", .string(data)))
        }
        return hidden.isEmpty ? nil : .object(hidden)
    }

    static func digest(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    func checkedPath(_ path: String, at pointer: String) throws -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard path.hasPrefix("/"), path.count > 1, !parts.contains(".."), !parts.contains("."), !parts.dropFirst().contains("") else {
            throw Problem(
                .validationFailed, "\(pointer) must be an absolute path without . or .. and not the root.",
                violations: [.init(pointer: pointer, code: "format", detail: "must be an absolute path")])
        }
        return path
    }

    // MARK: Volumes and networks

    private func volume(_ draft: ResourceDraft) throws -> Resolved {
        var spec = VolumeSpec(draft.spec)
        var resolved = Resolved(spec: .volume(spec))
        if let wanted = draft.spec["encrypted"]?.bool {
            if wanted { try account.require(.encryption) }
        } else {
            spec.isEncrypted = account.capabilities?.features.contains(.encryption) ?? false
        }
        if draft.source != nil { try fill(&spec, from: draft, &resolved) }
        resolved.spec = .volume(spec)
        return resolved
    }

    private func network(_ json: JSON) throws -> Resolved {
        let spec = NetworkSpec(json)
        if let cidr = spec.cidr {
            if let complaint = NetworkSpec.complaint(about: cidr) {
                throw Problem(
                    .validationFailed, "The range \(complaint).",
                    violations: [.init(pointer: "/spec/cidr", code: "cidr", detail: complaint)])
            }
            try requireFree(cidr)
        }
        return Resolved(spec: .network(spec))
    }

    /// Throws `cidr_overlap`. What the provider chose by itself counts as well.
    func requireFree(_ cidr: String, butFor others: Set<ResourceID> = []) throws {
        guard let range = AddressRange(cidr) else { return }
        let taken = try connection.rows(
            "\(Resource.selection) WHERE workspace = ? AND mode = ? AND kind = 'network' AND connection = ? AND phase NOT IN ('deleted', 'purged', 'failed')",
            caller.workspace, caller.mode, account.id, as: Resource.read)
        for other in taken where !others.contains(other.id) {
            guard case .network(let spec) = other.spec, let known = (spec.cidr ?? other.observed.cidr).flatMap({ AddressRange($0) }) else {
                continue
            }
            guard !known.overlaps(range) else {
                throw Problem(
                    .cidrOverlap, "\(cidr) overlaps \(known) of the network \(other.name).", members: ["conflicting_id": JSON(other.id)])
            }
        }
    }

    // MARK: References

    func take(_ name: String, _ kind: ResourceKind, at pointer: String, _ resolved: inout Resolved) throws -> ResourceID {
        let other = try reference(name, kind, at: pointer)
        if let running = other.operation { resolved.waitsFor.append(running) }
        return other.id
    }

    /// Another resource of the same project and connection. Throws `invalid_reference`.
    func reference(_ name: String, _ kind: ResourceKind?, at pointer: String) throws -> Resource {
        let kinds = kind.map { [$0] } ?? ResourceKind.allCases.filter { name.hasPrefix($0.idPrefix + "_") }
        for kind in kinds {
            guard let found = try? Resource.find(name, kind, project: project.id, for: caller, connection), found.project == project.id,
                found.connection == account.id, !found.isGone, found.phase != .deleting, found.phase != .failed
            else { continue }
            guard !found.isToldByReference else {
                throw Problem(
                    .invalidReference,
                    "The \(found.kind.noun) \(found.name) was adopted and bears no mark of ours, so it is only looked at.",
                    violations: [.init(pointer: pointer, code: "adopted", detail: "is only looked at")])
            }
            return found
        }
        throw Problem(
            .invalidReference, "\(pointer) names nothing of this project and connection that could be used: \(name.prefix(100)).",
            violations: [.init(pointer: pointer, code: "not_found", detail: "There is no such \(kind?.rawValue ?? "resource").")])
    }

    /// Throws `already_attached`.
    func requireFree(_ target: ResourceID, at pointer: String) throws {
        let found = try Resource.find(target, in: caller.tenant, connection)
        guard let holder = try found.holder(connection) else { return }
        throw Problem(
            .alreadyAttached, "The \(found.kind.noun) \(found.name) is attached to \(holder).",
            violations: [.init(pointer: pointer, code: "already_attached", detail: "is attached to \(holder)")])
    }
}
