import Kernel

/// What a rule can speak of.
package enum Metric: String, Sendable, CaseIterable {
    case quotaPercent = "quota_percent"
    case quotaUsed = "quota_used"
    case quotaLimit = "quota_limit"
    case requests
    case budgetPercent = "budget_percent"
    case budgetCommittedPercent = "budget_committed_percent"
    case budgetRemaining = "budget_remaining"
    case spend
    case resourceCount = "resource_count"
    case cpuPercent = "cpu_percent"
    case memoryPercent = "memory_percent"

    /// What its numbers count; only like can be compared with like, or with a plain number.
    package enum Unit: String, Sendable {
        case number
        case percent = "%"
        case count
        case money
    }

    package var unit: Unit {
        switch self {
        case .quotaPercent, .budgetPercent, .budgetCommittedPercent, .cpuPercent, .memoryPercent: .percent
        case .quotaUsed, .quotaLimit, .requests, .resourceCount: .count
        case .budgetRemaining, .spend: .money
        }
    }

    /// In one sentence, for the documentation.
    package var meaning: String {
        switch self {
        case .quotaPercent: "100 × requests of this calendar month ÷ the account's, or project's, limit; no data without a limit."
        case .quotaUsed: "Requests of this calendar month (UTC)."
        case .quotaLimit: "Requests a calendar month; no data without a limit."
        case .requests: "Requests of the last five minutes; `sum(requests, 1h)` for another span, `rate(requests, 5m)` for a second's."
        case .budgetPercent:
            """
            100 × what this month has cost until now ÷ the budget; of several budgets the highest; no data without one. `{budget="bud_…"}` names \
            one, a cost view's too.
            """
        case .budgetCommittedPercent: "The same with what the rest of the month will cost if nothing changes."
        case .budgetRemaining: "The budget less what is spent and reserved, as `remaining` of the budget; of several the lowest."
        case .spend: "What this month has cost until now, in the alert's currency."
        case .resourceCount: "Resources there are; `{kind=\"instance\", power=\"running\", phase=\"ready\"}` narrows it."
        case .cpuPercent: "Of one processor, as last measured; of several instances the highest; no data of what does not run."
        case .memoryPercent: "100 × memory ÷ its limit, as last measured; of several instances the highest."
        }
    }

    /// Whose it can be.
    func isKnown(of kind: Subject.Kind) -> Bool {
        switch self {
        case .requests: kind == .account || kind == .project || kind == .workspace
        case .quotaPercent, .quotaUsed, .quotaLimit: kind == .account || kind == .project
        case .budgetPercent, .budgetCommittedPercent, .budgetRemaining: kind != .selector && kind != .workspace
        case .spend: true
        case .resourceCount: kind != .resource
        case .cpuPercent, .memoryPercent: kind != .account
        }
    }

    /// What it can be told apart by.
    var groupKinds: Set<GroupKey.Kind> {
        switch self {
        case .quotaPercent, .quotaUsed, .quotaLimit, .requests, .budgetPercent, .budgetCommittedPercent, .budgetRemaining: [.project]
        case .spend, .cpuPercent, .memoryPercent: [.project, .resource, .provider, .label]
        case .resourceCount: [.project, .provider, .label]
        }
    }

    var isOfBudgets: Bool { [.budgetPercent, .budgetCommittedPercent, .budgetRemaining].contains(self) }

    /// Whether only instances have it.
    var isOfInstances: Bool { self == .cpuPercent || self == .memoryPercent }

    /// Whether it can be asked how it was earlier.
    var hasPast: Bool { self != .resourceCount && self != .budgetCommittedPercent && self != .budgetRemaining }

    /// The names that may stand in braces behind it, and what they may be; no value for anything.
    func matcherValues(_ name: String) -> [String]? {
        if isOfBudgets, name == "budget" { return [] }
        guard self == .resourceCount else { return nil }
        return Subject.matchers[name]
    }

    func takes(_ function: Function) -> Bool {
        switch self {
        case .cpuPercent, .memoryPercent: [.avg, .min, .max, .last].contains(function)
        case .requests: [.sum, .rate].contains(function)
        case .quotaLimit: false
        default: hasPast && [.delta, .change].contains(function)
        }
    }

    /// Over a span that ends now.
    package enum Function: String, Sendable, CaseIterable {
        case sum, avg, min, max, last
        /// A second.
        case rate
        /// As a part of what it was: 0.5 is half as much again.
        case change
        case delta
    }

    /// A metric as a rule names it.
    package struct Use: Hashable, Sendable {
        package let metric: Metric
        package let matchers: [String: String]
        package let function: Function?
        /// Of the function's span.
        package let seconds: Int64

        /// As it is shown beside its value.
        package var text: String {
            var name = metric.rawValue
            if !matchers.isEmpty {
                name += "{" + matchers.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",") + "}"
            }
            return function.map { "\($0.rawValue)(\(name),\(seconds)s)" } ?? name
        }
    }
}
