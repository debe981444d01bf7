import Kernel
import Provider
import Web

/// What a plan does to one member.
struct PlannedChange: Sendable, JSONRepresentable {
    let key: String
    let kind: ResourceKind
    let name: String
    var action: Action
    /// What is there now.
    var resource: ResourceID?
    /// The version of that when the plan was made.
    var base: String?
    var fields: [FieldChange] = []
    var destroysData = false
    var reason: String?
    var hourlyBefore: ExactDecimal = .zero
    var hourlyAfter: ExactDecimal = .zero
    var currency: String?
    /// What policies say against it.
    var policyResults: [PolicyResult] = []

    enum Action: String, Sendable, CaseIterable {
        case create, update, replace, delete, adopt, noop
    }

    /// As it is kept and shown.
    var json: JSON { deed.adding([.init("policy_results", .array(policyResults.map(\.json)))]) }

    /// What is done to what, which is what a plan's digest is over.
    var deed: JSON {
        [
            "key": .string(key), "kind": .string(kind.rawValue), "name": .string(name), "action": .string(action.rawValue),
            "resource_id": JSON(resource), "base": JSON(base),
            "fields": .array(
                fields.map { ["field": .string($0.field), "before": $0.before ?? .null, "after": $0.after ?? .null] }),
            "destroys_data": .bool(destroysData), "reason": JSON(reason),
            "hourly_before": .string(hourlyBefore.formatted(minimumPlaces: 4)),
            "hourly_after": .string(hourlyAfter.formatted(minimumPlaces: 4)), "currency": JSON(currency),
        ]
    }

    init(key: String, kind: ResourceKind, name: String, action: Action) {
        self.key = key
        self.kind = kind
        self.name = name
        self.action = action
    }

    init?(_ json: JSON) {
        guard let key = json["key"]?.string, let kind = json["kind"]?.string.flatMap(ResourceKind.init), let name = json["name"]?.string,
            let action = json["action"]?.string.flatMap(Action.init)
        else { return nil }
        self.init(key: key, kind: kind, name: name, action: action)
        resource = json["resource_id"]?.string.map { ResourceID($0) }
        base = json["base"]?.string
        fields = (json["fields"]?.array ?? []).map {
            FieldChange(field: $0["field"]?.string ?? "", before: $0["before"], after: $0["after"])
        }
        destroysData = json["destroys_data"]?.bool ?? false
        reason = json["reason"]?.string
        hourlyBefore = json["hourly_before"]?.string.flatMap { ExactDecimal($0) } ?? .zero
        hourlyAfter = json["hourly_after"]?.string.flatMap { ExactDecimal($0) } ?? .zero
        currency = json["currency"]?.string
        policyResults = (json["policy_results"]?.array ?? []).compactMap { PolicyResult($0) }
    }

    func write(to json: inout JSONWriter) { self.json.write(to: &json) }

    static let schema = Schema.object([
        .required("key", .string(1...63)), .required("kind", .choice(of: ResourceKind.self)), .required("name", .string(1...63)),
        .required("action", .choice(of: Action.self)), .required("resource_id", Schema.string(1...100).nullable),
        .required(
            "base", Schema.string(1...60, .echo, "The ETag that the resource must still have; of a deleted one with that word.").nullable),
        .required("fields", .array(FieldChange.schema)), .required("destroys_data", .boolean("Whether data are lost for good.")),
        .required("reason", Schema.string(1...400, .echo).nullable),
        .required("hourly_before", .string(1...60)), .required("hourly_after", .string(1...60)),
        .required("currency", Schema.string(3...3).nullable), .required("policy_results", PolicyResult.list),
    ])
}
