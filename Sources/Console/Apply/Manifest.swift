package import Kernel
import Yams

/// What should be there, as a file says it: networks, volumes, instances and the other kinds by name, each the body of its `PUT` (docs/cli.md).
package struct Manifest: Sendable {
    package struct Entry: Sendable {
        package let kind: Kind
        package let name: String
        /// As it stands in the file: names of other entries where the API wants ids.
        package let body: JSON

        /// Names of entries of this file that must be there before.
        package var needs: [String] {
            let spec = body["spec"]
            return (body["depends_on"]?.array ?? []).compactMap(\.string) + (spec?["network_ids"]?.array ?? []).compactMap(\.string)
                + [spec?["network_id"]?.string].compactMap { $0 } + (spec?["volumes"]?.array ?? []).compactMap { $0["volume_id"]?.string }
                + (spec?["ip_ids"]?.array ?? []).compactMap(\.string)
                + [spec?["volume_id"]?.string, spec?["from_snapshot"]?.string].compactMap { $0 }
                + (spec?["apply_to"]?["ids"]?.array ?? []).compactMap(\.string)
        }
    }

    package enum Kind: String, Sendable, CaseIterable {
        case networks, volumes, buckets, ips, instances, firewalls, snapshots

        static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
    }

    /// Id or name of the project; the only one there is when left out.
    package let project: String?
    /// In an order in which each comes after what it needs.
    package let entries: [Entry]

    /// Throws `RemoteFailure` with `.usage` for what is no manifest, or goes round in a circle.
    package init(yaml: String) throws {
        let root: JSON
        do {
            root = try Yams.compose(yaml: yaml).map(JSON.init(yaml:)) ?? .null
        } catch {
            throw Self.wrong("it is not YAML: \(error)")
        }
        guard let members = root.members else { throw Self.wrong("it has none of \(Kind.list).") }
        if let unknown = members.first(where: { $0.name != "project" && Kind(rawValue: $0.name) == nil }) {
            throw Self.wrong("it says \(unknown.name); known are project, \(Kind.list).")
        }
        project = root["project"]?.text
        let found = try Kind.allCases.flatMap { kind in
            try (root[kind.rawValue]?.members ?? []).map { member in
                guard member.value.members != nil else { throw Self.wrong("\(kind.rawValue) \(member.name) is not an object.") }
                return Entry(kind: kind, name: member.name, body: member.value)
            }
        }
        let names = Dictionary(grouping: found, by: \.name)
        if let twice = names.first(where: { $0.value.count > 1 }) { throw Self.wrong("the name \(twice.key) stands twice.") }
        entries = try Self.ordered(found)
    }

    /// Takes again and again the first whose needs are all met; names that are not in the file are met elsewhere.
    private static func ordered(_ entries: [Entry]) throws -> [Entry] {
        var left = entries
        var order: [Entry] = []
        while !left.isEmpty {
            let waiting = Set(left.map(\.name))
            guard let next = left.firstIndex(where: { waiting.isDisjoint(with: $0.needs) }) else {
                throw wrong("\(waiting.sorted().joined(separator: ", ")) need one another in a circle.")
            }
            order.append(left.remove(at: next))
        }
        return order
    }

    private static func wrong(_ reason: String) -> RemoteFailure { RemoteFailure(.usage, "Error: The file cannot be applied: \(reason)") }
}

extension JSON {
    /// By the core schema of YAML 1.2; times stay text.
    init(yaml node: Node) {
        switch node {
        case .mapping(let mapping): self = .object(mapping.map { .init($0.key.string ?? "", JSON(yaml: $0.value)) })
        case .sequence(let sequence): self = .array(sequence.map(JSON.init(yaml:)))
        case .scalar(let scalar):
            switch node.tag.description {
            case "tag:yaml.org,2002:null": self = .null
            case "tag:yaml.org,2002:bool": self = node.bool.map { .bool($0) } ?? .string(scalar.string)
            case "tag:yaml.org,2002:int": self = node.int.map { .integer(Int64($0)) } ?? .string(scalar.string)
            case "tag:yaml.org,2002:float": self = node.float.map { .double($0) } ?? .string(scalar.string)
            default: self = .string(scalar.string)
            }
        case .alias: self = .null
        }
    }
}
