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

    static func of(_ resource: JSON, at now: Timestamp) -> [Fact] {
        let addresses = resource.list("status", "addresses").map { "\($0.text("ip")) (\($0.text("type")))" }
        return [
            Fact("Connection", resource.text("provider")), Fact("Location", resource.text("location")),
            Fact("At the provider", resource.text("status", "provider_ref")), Fact("Addresses", addresses.joined(separator: ", ")),
            Fact("Attached to", resource.text("status", "attached_to")), Fact("Range", resource.text("status", "cidr")),
            Fact("Stands before", resource.list("status", "applied_to").compactMap(\.string).joined(separator: ", ")),
            Fact("Empty", resource["status"]?["empty"]?.bool.map { $0 ? "Yes" : "No" } ?? ""),
            Fact("Exit code", resource.text("status", "exit_code")),
            Fact("Last looked at", said(resource.time("status", "last_synced_at"), now)),
            Fact("Made", said(resource.time("created_at"), now)), Fact("Ends", said(resource.time("expires_at"), now)),
            Fact("Deleted", said(resource.time("delete_time"), now)), Fact("Purged", said(resource.time("purge_time"), now)),
            Fact("Protected", resource.flag("deletion_protection") ? "Yes, it cannot be deleted" : ""),
        ].compactMap { $0 }
    }

    static func spec(_ resource: JSON) -> [Fact] {
        (resource["spec"]?.members ?? []).compactMap { member in
            guard !member.name.hasSuffix("_sha256") else { return nil }
            return Fact(Words.sentence(member.name), said(member.value))
        }
    }

    private static func said(_ time: Timestamp?, _ now: Timestamp) -> String { Moment(time, at: now)?.said ?? "" }

    private static func said(_ value: JSON) -> String {
        switch value {
        case .null: ""
        case .bool(let value): value ? "yes" : "no"
        case .array(let values): values.map(said).joined(separator: ", ")
        case .object(let members): members.map { "\($0.name) \(said($0.value))" }.joined(separator: ", ")
        default: value.text ?? ""
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
