import Kernel

/// A name and a value, as one line of a page.
struct Fact: Sendable {
    let name: String
    let value: String

    init?(_ name: String, _ value: String) {
        guard !value.isEmpty else { return nil }
        self.name = name
        self.value = value
    }
}

extension LinkedFact {
    /// How it is.
    static func state(of resource: JSON, _ names: ResourceNames, at now: Timestamp) -> [LinkedFact] {
        let addresses = resource.list("status", "addresses").map { "\($0.text("ip")) (\($0.text("type")))" }
        func moment(_ path: String...) -> String {
            let time = path.count == 2 ? resource.time(path[0], path[1]) : resource.time(path[0])
            return Moment(time, at: now)?.said ?? ""
        }
        return [
            LinkedFact("Connection", [names.word(resource.text("provider"))]), LinkedFact("Location", resource.text("location")),
            LinkedFact("At the provider", resource.text("status", "provider_ref")),
            LinkedFact("Addresses", addresses.joined(separator: ", ")),
            LinkedFact("Attached to", [names.word(resource.text("status", "attached_to"))]),
            LinkedFact("Range", resource.text("status", "cidr")),
            LinkedFact("Stands before", words(resource["status"]?["applied_to"] ?? .null, names)),
            LinkedFact("Empty", resource["status"]?["empty"]?.bool.map { $0 ? "Yes" : "No" } ?? ""),
            LinkedFact("Exit code", resource.text("status", "exit_code")), LinkedFact("Last looked at", moment("status", "last_synced_at")),
            LinkedFact("Made", moment("created_at")), LinkedFact("Ends", moment("expires_at")),
            LinkedFact("Deleted", moment("delete_time")), LinkedFact("Purged", moment("purge_time")),
            LinkedFact("Protected", resource.flag("deletion_protection") ? "Yes, it cannot be deleted" : ""),
        ].compactMap { $0 }
    }

    /// How it is wanted.
    static func spec(of resource: JSON, _ names: ResourceNames) -> [LinkedFact] {
        (resource["spec"]?.members ?? []).compactMap { member in
            guard !member.name.hasSuffix("_sha256") else { return nil }
            return LinkedFact(title(member.name), words(member.value, names))
        }
    }

    /// `network_ids` is “Networks”, `volume_id` is “Volume”: what stands there are names.
    private static func title(_ name: String) -> String {
        name.hasSuffix("_ids") ? Words.sentence(String(name.dropLast(4))) + "s" : Words.sentence(withoutID(name))
    }

    private static func withoutID(_ name: String) -> String { name.hasSuffix("_id") ? String(name.dropLast(3)) : name }

    private static func words(_ value: JSON, _ names: ResourceNames) -> [Word] {
        switch value {
        case .null: []
        case .bool(let value): [Word(value ? "yes" : "no")]
        case .array(let values): Array(values.map { words($0, names) }.joined(separator: [Word(", ")]))
        case .object(let members):
            Array(members.map { [Word("\(withoutID($0.name)) ")] + words($0.value, names) }.joined(separator: [Word(", ")]))
        default: [names.word(value.text ?? "")]
        }
    }
}

struct CostFacts: Sendable {
    let monthToDate: String
    let hourly: String
    let monthly: String

    init?(_ resource: JSON) {
        guard let cost = resource["cost"], cost != .null else { return nil }
        let currency = cost.text("currency")
        monthToDate = Words.money(cost["month_to_date"]?.string, currency)
        hourly = Words.money(cost["hourly"]?.string, currency)
        monthly = Words.money(cost["monthly_estimate"]?.string, currency)
    }
}

/// What is wrong, or about to be, in the provider's own words.
struct ConditionRow: Sendable {
    let title: String
    let message: String
    let isTrouble: Bool

    /// Some conditions are good when true, some when false.
    init(_ condition: JSON) {
        let type = condition.text("type")
        let isTrue = condition.text("status") == "true"
        isTrouble = ["OperationStuck", "Expiring"].contains(type) ? isTrue : !isTrue && type != "Ready"
        title = Words.sentence(condition.text("reason")) + "."
        message = condition.text("message")
    }
}

struct OperationRow: Sendable {
    let id: String
    let type: String
    let state: Badge
    let at: Moment?
    let isOpen: Bool
    let progress: Int
    let error: String?
    let summary: String
    let steps: [Step]

    struct Step: Sendable {
        let name: String
        let state: String
        let trouble: String?
    }

    init(_ operation: JSON, at now: Timestamp) {
        id = operation.text("id")
        type = Words.sentence(operation.text("type"))
        state = Badge(operation.text("state"))
        at = Moment(operation.time("created_at"), at: now)
        isOpen = operation["finished_at"] == .null
        progress = operation.count("progress_percent")
        error = operation["error"]?["detail"]?.string
        steps = operation.list("steps").map { step in
            Step(name: Words.sentence(step.text("name")), state: step.text("state"), trouble: step["trouble"]?.string)
        }
        let done = operation.list("steps").count { ["done", "skipped"].contains($0.text("state")) }
        summary = operation.flag("noop") ? "Nothing had to be done" : "\(done) of \(steps.count) steps done"
    }
}

/// The last lines an instance wrote.
struct LogsPanel: Sendable {
    let note: String?
    let lines: [Line]
    let hasLines: Bool

    struct Line: Sendable {
        let at: String
        let message: String
    }

    init(of id: String, _ visit: Visit) async throws {
        do {
            let answer = try await visit.get("/v1/instances/{id}/logs", ["id": id], query: ["tail": "40"])
            lines = answer.list("data").map { Line(at: String($0.text("at").dropFirst(11).prefix(8)), message: $0.text("message")) }
            note = lines.isEmpty ? "It has written nothing." : nil
        } catch let problem as Problem where problem.code.status != 404 {
            lines = []
            note = problem.detail
        }
        hasLines = !lines.isEmpty
    }
}
