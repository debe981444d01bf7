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
    case cost
    case costForecast = "cost_forecast"
    case unitCost = "unit_cost"
    /// Of a data stream, by the metric's name: `stream.orders`.
    case stream
    /// What was consumed of a SKU: `meter.SKU`.
    case meter

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
        case .budgetRemaining, .spend, .cost, .costForecast: .money
        case .unitCost, .stream, .meter: .number
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
        case .cost:
            "What was billed this month (UTC): all bills and closed hours, a project's own, or `{view=\"…\"}` a cost view, by id or name."
        case .costForecast: "What this month's `cost` will be at the rate of the last seven days."
        case .unitCost: "A unit metric, `{metric=\"…\"}` by id or name, of this month; no data where the denominator is nothing."
        case .stream:
            "A metric of the data streams, of the last 24 hours; `{region=\"eu\"}` narrows it by dimension, `stream_id` and "
                + "`metric_agg_func` to a stream and a function; no data without points."
        case .meter: "Consumed quantity of a SKU this month, of closed hours and bills."
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
        case .cost, .costForecast, .meter: kind == .workspace || kind == .project
        case .unitCost, .stream: kind == .workspace
        }
    }

    /// What it can be told apart by.
    var groupKinds: Set<GroupKey.Kind> {
        switch self {
        case .quotaPercent, .quotaUsed, .quotaLimit, .requests, .budgetPercent, .budgetCommittedPercent, .budgetRemaining: [.project]
        case .spend, .cpuPercent, .memoryPercent: [.project, .resource, .provider, .label]
        case .resourceCount: [.project, .provider, .label]
        case .cost, .meter: [.project, .resource, .provider, .label]
        case .costForecast: [.project, .provider, .label]
        case .unitCost: []
        case .stream: [.dimension]
        }
    }

    var isOfBudgets: Bool { [.budgetPercent, .budgetCommittedPercent, .budgetRemaining].contains(self) }

    /// Whether it is counted by the hour, from costs or points.
    var isHourly: Bool {
        switch self {
        case .cost, .costForecast, .unitCost, .stream, .meter: true
        default: false
        }
    }

    /// Whether it is something that happens, which adds up over time, and no level.
    var isFlow: Bool { self == .requests || self == .cost || self == .stream || self == .meter }

    /// What nobody billed has cost nothing; what nobody sent is not known.
    var isZeroWithoutRows: Bool { self == .cost || self == .costForecast || self == .meter }

    /// As a rule names it.
    var pattern: String { hasName ? rawValue + ".NAME" : rawValue }

    /// Whether a name follows, after a dot.
    var hasName: Bool { self == .stream || self == .meter }

    /// Of the braces behind a stream, those that are no dimensions.
    static let streamWords: Set<String> = ["stream_id", "metric_agg_func"]

    /// The span of a function that says none, in seconds.
    var usualSpan: Int64 { isHourly ? 86_400 : 300 }

    /// Whether only instances have it.
    var isOfInstances: Bool { self == .cpuPercent || self == .memoryPercent }

    /// Whether it can be asked how it was earlier.
    var hasPast: Bool { self != .resourceCount && self != .budgetCommittedPercent && self != .budgetRemaining }

    /// What may stand in braces behind it.
    enum Matcher {
        case one(of: [String])
        case any
    }

    /// Nil for a name that may not.
    func matcher(_ name: String) -> Matcher? {
        switch self {
        case .resourceCount: Subject.matchers[name].map { .one(of: $0) }
        case .cost, .costForecast: name == "view" ? .any : nil
        case .unitCost: name == "metric" ? .any : nil
        case .budgetPercent, .budgetCommittedPercent, .budgetRemaining: name == "budget" ? .any : nil
        case .stream: .any
        default: nil
        }
    }

    /// What has no past takes none. Ratios and levels are not added up.
    func takes(_ function: Function) -> Bool {
        guard hasPast, self != .quotaLimit else { return false }
        switch function {
        case .sum: return isFlow
        case .rate: return self != .unitCost
        default: return true
        }
    }

    /// Over a span that ends now.
    package enum Function: String, Sendable, CaseIterable {
        case sum, avg, min, max, last
        /// A second.
        case rate
        /// As a part of what it was: 0.5 is half as much again.
        case change
        /// Period over period: the span against the one before, as `change`.
        case pop
        case delta
        /// Where it will be a span from now, on a straight line through now and a span ago.
        case forecast

        /// Whether it can be taken of each part of a sum.
        var isAdditive: Bool { [.sum, .avg, .last, .rate, .delta].contains(self) }
    }

    /// A metric as a rule names it.
    package struct Use: Hashable, Sendable {
        package let metric: Metric
        /// Of a stream's metric, or a SKU.
        package let name: String?
        package let matchers: [String: String]
        package let function: Function?
        /// Of the function's span.
        package let seconds: Int64

        init(_ metric: Metric, name: String? = nil, matchers: [String: String] = [:], function: Function? = nil, seconds: Int64 = 0) {
            self.metric = metric
            self.name = name
            self.matchers = matchers
            self.function = function
            self.seconds = seconds
        }

        /// The same without a function.
        var bare: Use { Use(metric, name: name, matchers: matchers) }

        /// As it is shown beside its value.
        package var text: String {
            var name = metric.rawValue + (self.name.map { "." + $0 } ?? "")
            if !matchers.isEmpty {
                name += "{" + matchers.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",") + "}"
            }
            return function.map { "\($0.rawValue)(\(name),\(seconds)s)" } ?? name
        }
    }
}
