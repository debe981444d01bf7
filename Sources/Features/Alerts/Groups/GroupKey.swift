// `group_by` makes many alerts of one: a state, timers and notices for each project, resource, label value or dimension of a stream. A key
// can only be what every metric of the rule can be told apart by; `Metric.groupKinds` is that table.

package import Kernel

/// What an alert is parted by.
package enum GroupKey: Sendable, Hashable {
    case project
    case resource
    case provider
    /// The value of a resource's label; of a cost row, of a tag.
    case label(String)
    /// The value of a dimension of a data stream.
    case dimension(String)

    package enum Kind: String, Sendable, CaseIterable {
        case project, resource, provider, label, dimension
    }

    package var kind: Kind {
        switch self {
        case .project: .project
        case .resource: .resource
        case .provider: .provider
        case .label: .label
        case .dimension: .dimension
        }
    }

    /// As it is written: `project`, `label:team`.
    package var text: String {
        switch self {
        case .label(let name): "label:" + name
        case .dimension(let name): "dimension:" + name
        default: kind.rawValue
        }
    }

    /// Nil for another word.
    package init?(_ text: String) {
        switch text {
        case "project": self = .project
        case "resource": self = .resource
        case "provider": self = .provider
        case _ where text.hasPrefix("label:") && text.utf8.count > 6: self = .label(String(text.dropFirst(6)))
        case _ where text.hasPrefix("dimension:") && text.utf8.count > 10: self = .dimension(String(text.dropFirst(10)))
        default: return nil
        }
    }

    /// How many an alert may have.
    static let most = 3
}

extension GroupKey.Kind {
    /// How a key of this kind is written.
    var pattern: String {
        switch self {
        case .label: "label:NAME"
        case .dimension: "dimension:NAME"
        default: rawValue
        }
    }
}

/// One of the groups of an alert: a value for each of its keys.
package struct AlertGroup: Sendable, Hashable {
    /// In the order of `group_by`.
    package let values: [Value]

    package struct Value: Sendable, Hashable {
        package let key: GroupKey
        package let value: String

        package init(_ key: GroupKey, _ value: String) {
            self.key = key
            self.value = value
        }
    }

    package init(_ values: [Value]) { self.values = values }

    /// As it was stored; nil for what is none.
    init?(stored text: String) {
        guard let members = try? JSONParser.parse(text.utf8).members else { return nil }
        values = members.compactMap { member in
            guard let key = GroupKey(member.name), let value = member.value.string else { return nil }
            return Value(key, value)
        }
    }

    package subscript(_ key: GroupKey) -> String? { values.first { $0.key == key }?.value }

    var project: ProjectID? { self[.project].map { ProjectID($0) } }
    var resource: ResourceID? { self[.resource].map { ResourceID($0) } }
    var labels: [String: String] {
        var labels: [String: String] = [:]
        for case (.label(let name), let value) in values.map({ ($0.key, $0.value) }) { labels[name] = value }
        return labels
    }

    package var json: JSON { .object(values.map { .init($0.key.text, .string($0.value)) }) }
    /// Under which it is stored.
    var text: String { json.text }
    /// As people are told of it.
    var sentence: String { values.map { "\($0.key.text)=\($0.value)" }.joined(separator: ", ") }

    /// Whether it has all of these values.
    func matches(_ matchers: [String: String]) -> Bool {
        matchers.allSatisfy { name, value in values.contains { $0.key.text == name && $0.value == value } }
    }
}
