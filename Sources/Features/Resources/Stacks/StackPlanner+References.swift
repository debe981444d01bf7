import Kernel
import Provider

// What a member names by an id or a name of its own, and not by `${…}`, has to be there when it is planned, or be made by this very stack.
extension StackPlanner {
    /// Throws `invalid_reference` with the place in the definition.
    func requireReferences(of member: StackDefinition.Member, _ wanted: JSON, _ account: ProviderConnection) throws {
        let resolution = SpecResolution(caller: caller, project: project, account: account, connection: connection)
        for named in member.kind.named(in: wanted["spec"] ?? .object([])) where Template.references(in: .string(named.text)).isEmpty {
            let isMade = definition.members.contains { $0.kind == named.kind && $0.name(in: name) == named.text }
            if !isMade { _ = try resolution.reference(named.text, named.kind, at: "\(pointer(of: member))/spec/\(named.place)") }
        }
    }
}

extension ResourceKind {
    /// Other resources that a spec of the kind names, and where.
    fileprivate func named(in spec: JSON) -> [(place: String, kind: ResourceKind, text: String)] {
        func all(_ list: JSON?, _ place: String, _ kind: ResourceKind, of member: String? = nil) -> [(String, ResourceKind, String)] {
            (list?.array ?? []).enumerated().compactMap { index, entry in
                let text = member.map { entry[$0]?.string } ?? entry.string
                return text.map { ("\(place)/\(index)" + (member.map { "/" + $0 } ?? ""), kind, $0) }
            }
        }
        switch self {
        case .instance:
            return (spec["network_id"]?.string.map { [("network_id", .network, $0)] } ?? [])
                + all(spec["network_ids"], "network_ids", .network) + all(spec["volumes"], "volumes", .volume, of: "volume_id")
                + all(spec["ip_ids"], "ip_ids", .address)
        case .firewall: return all(spec["apply_to"]?["ids"], "apply_to/ids", .instance)
        case .volume, .snapshot:
            guard let (member, source) = madeFrom, let text = spec[member]?.string else { return [] }
            return [(member, source, text)]
        case .network, .bucket, .address: return []
        }
    }
}
