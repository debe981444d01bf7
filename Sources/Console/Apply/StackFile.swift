package import Kernel
import Yams

/// A stack as a file says it: `name`, `project`, `variables`, and `resources` as the API takes them or a `template` by id or name (docs/cli.md).
package struct StackFile: Sendable {
    package let name: String
    /// Id or name of the project; the only one there is when left out.
    package let project: String?
    package let variables: JSON
    package let resources: JSON
    /// What its resources come from instead.
    package let template: String?

    /// Nil for a file that is no stack: one of networks, volumes and instances. Throws `RemoteFailure` with `.usage`.
    package init?(yaml: String) throws {
        guard let root = try? Yams.compose(yaml: yaml).map(JSON.init(yaml:)), root["resources"] != nil || root["template"] != nil
        else { return nil }
        guard let name = root["name"]?.text else { throw RemoteFailure(.usage, "Error: The stack has no name: say name: in the file.") }
        let known = ["name", "project", "variables", "resources", "template"]
        if let unknown = root.members?.first(where: { !known.contains($0.name) }) {
            throw RemoteFailure(.usage, "Error: A stack says \(known.joined(separator: ", ")), not \(unknown.name).")
        }
        guard root["resources"] == nil || root["template"] == nil else {
            throw RemoteFailure(.usage, "Error: A stack says resources or template, not both.")
        }
        self.name = name
        project = root["project"]?.text
        variables = root["variables"] ?? .object([])
        resources = root["resources"] ?? .array([])
        template = root["template"]?.text
    }

    private static let words: [String: JSON] = ["true": .bool(true), "false": .bool(false)]

    /// With `name=value` in place of variables of the file; numbers, true and false are taken for what they are.
    package func variables(with others: [String]) throws -> JSON {
        let given = try others.map { text in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty else { throw RemoteFailure(.usage, "Error: --var wants NAME=VALUE, not \(text).") }
            let value: JSON = Int64(parts[1]).map(JSON.integer) ?? Self.words[parts[1]] ?? .string(parts[1])
            return JSON.Member(parts[0], value)
        }
        return .object((variables.members ?? []).filter { member in !given.contains { $0.name == member.name } } + given)
    }
}

/// A plan of the server's, as people read it.
package enum StackPlanText {
    private static let signs = ["create": "+", "adopt": "=", "update": "~", "replace": "±", "delete": "-", "noop": " "]

    package static func lines(_ plan: JSON) -> [String] {
        let changes = (plan["changes"]?.array ?? []).flatMap(lines(ofChange:))
        let cost = "\(plan["cost_delta_monthly"]?.string ?? "0") \(plan["currency"]?.string ?? "") a month"
        let isApproved = plan["approval"]?["approved_at"]?.string != nil
        let reasons = (plan["approval"]?["reasons"]?.array ?? []).compactMap { $0["detail"]?.string }
        return changes + ["Plan \(plan["id"]?.string ?? ""): \(count(plan)) to do, \(cost.hasPrefix("-") ? "" : "+")\(cost)."]
            + reasons.map { "\(isApproved ? "Approved" : "Somebody else has to approve it"): \($0)" }
    }

    /// How many members are touched.
    package static func count(_ plan: JSON) -> Int { (plan["changes"]?.array ?? []).count { $0["action"] != "noop" } }

    private static func lines(ofChange change: JSON) -> [String] {
        let action = change["action"]?.string ?? ""
        let words = [signs[action] ?? "?", action, "\(change["kind"]?.string ?? "")/\(change["name"]?.string ?? "")"]
        let loss = change["destroys_data"] == true ? "  ITS DATA ARE LOST" : ""
        let fields = (change["fields"]?.array ?? []).map { field in
            "      \(field["field"]?.string ?? ""): \(TextTable.text(field["before"] ?? .null)) → \(TextTable.text(field["after"] ?? .null))"
        }
        let policies = (change["policy_results"]?.array ?? []).map { result in
            let complaints = (result["complaints"]?.array ?? []).compactMap(\.string).joined(separator: " ")
            return "      \(result["enforcement"] == "deny" ? "refused" : "warned") by \(result["name"]?.string ?? ""): \(complaints)"
        }
        return [words.joined(separator: " ") + loss] + (change["reason"]?.string.map { ["      " + $0] } ?? []) + fields + policies
    }
}
