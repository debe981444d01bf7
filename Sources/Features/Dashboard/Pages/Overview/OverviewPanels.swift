import Kernel
import Web

/// The steps from an empty workspace to a first request.
struct GettingStarted: Sendable {
    let baseURL: String
    let mayMakeKey: Bool
    let hasKey: Bool
    let requests: String
    let hasRequest: Bool
    /// Milliseconds until the page looks again.
    let pause: Int

    init(_ visit: Visit) async throws {
        baseURL = visit.guest.pages.look.baseURL
        mayMakeKey = visit.caller.scopes.contains(.keysWrite) && visit.caller.reachesWorkspace
        let count = try await visit.getIfAllowed("/v1/usage")?.count("requests") ?? 0
        requests = count == 1 ? "1 request" : "\(Words.count(count)) requests"
        hasRequest = count > 0
        hasKey = hasRequest
        pause = hasRequest ? 10_000 : 1500
    }
}

/// How much runs, and what it costs an hour.
struct RunningPanel: Sendable {
    let running: String
    let instances: String
    let hourly: String?
    let isEmpty: Bool

    init(_ visit: Visit) async throws {
        let found = try await visit.listIfAllowed("/v1/resources", query: ["kind": "instance"], perPage: 100)
        let active = found.filter { $0.text("status", "power") == "running" }
        running = Words.count(active.count)
        instances = found.count == 100 ? "100 or more" : Words.count(found.count)
        // Currencies are never added: the sum is of the first one met.
        let costs = active.map { $0["cost"] ?? .null }.filter { $0 != .null }
        let currency = costs.first?.text("currency") ?? ""
        let sum = costs.filter { $0.text("currency") == currency }.reduce(ExactDecimal(0)) {
            $0 + (ExactDecimal($1.text("hourly")) ?? 0)
        }
        hourly = costs.isEmpty ? nil : Words.money(sum.description, currency)
        isEmpty = found.isEmpty
    }
}

/// The cost of this month so far, of last month by the same day, of all of last month, and what this one will come to.
struct MonthPanel: Sendable {
    let soFar: String
    let before: String
    let change: String?
    let forecast: String?
    let lastMonth: String

    /// Nil for who may not read costs, and where there is no cost view.
    init?(_ visit: Visit) async throws {
        guard let view = try await visit.listIfAllowed("/v1/cost-views", perPage: 1).first?.text("id") else { return nil }
        let now = visit.at
        func data(_ from: Timestamp, _ to: Timestamp, compare: String? = nil) async throws -> JSON? {
            try await visit.getIfAllowed(
                "/v1/cost-views/{id}/data", ["id": view],
                query: ["start_date": Self.day(from), "end_date": Self.day(to), "granularity": "month", "compare": compare])
        }
        let start = now.startOfMonth
        let last = start.adding(seconds: -1)
        guard let current = try await data(start, now, compare: "previous_month"),
            let whole = try await data(last.startOfMonth, last)
        else { return nil }
        let currency = current.text("currency")
        soFar = Words.money(current["total"]?["cost"]?.string, currency)
        before = Words.money(current["total"]?["previous_cost"]?.string, currency)
        change = (current["total"]?["pop_change"]?.string).flatMap { ExactDecimal($0) }.map { Self.percent($0) }
        lastMonth = Words.money(whole["total"]?["cost"]?.string, currency)
        let days = now.date.day - 1
        guard days > 0, let past = try await data(start, now.adding(seconds: -86_400)),
            let cost = ExactDecimal(past.text("total", "cost"))
        else {
            forecast = nil
            return
        }
        let length = (now.startOfNextMonth.seconds - start.seconds) / 86_400
        forecast = Words.money((cost * ExactDecimal(length)).divided(by: ExactDecimal(days)).description, currency)
    }

    private static func day(_ time: Timestamp) -> String { String(time.description.prefix(10)) }

    /// `+12.5 %`
    static func percent(_ fraction: ExactDecimal) -> String {
        let value = (fraction * 100).rounded(scale: 1)
        return "\(value < 0 ? "" : "+")\(value.formatted(minimumPlaces: 0)) %"
    }
}

/// How much of a budget is gone.
struct BudgetLine: Sendable {
    let id: String
    let name: String
    let spent: String
    let reserved: String?
    let amount: String
    let remaining: String
    let percent: String
    let bar: String
    let isOver: Bool
    let isEnforced: Bool
    let share: ExactDecimal
    let period: String
    let about: String

    init(_ budget: JSON) {
        id = budget.text("id")
        name = budget.text("name")
        let currency = budget.text("currency")
        let used = (ExactDecimal(budget.text("spent")) ?? 0) + (ExactDecimal(budget.text("reserved")) ?? 0)
        let whole = ExactDecimal(budget.text("amount")) ?? 0
        share = whole > 0 ? (used * 100).divided(by: whole, scale: 1) : (used > 0 ? 100 : 0)
        spent = Words.money(budget["spent"]?.string, currency)
        let held = ExactDecimal(budget.text("reserved")) ?? 0
        reserved = held > 0 ? Words.money(held.description, currency) : nil
        amount = Words.money(budget["amount"]?.string, currency)
        remaining = Words.money(budget["remaining"]?.string, currency)
        percent = share.formatted(minimumPlaces: 0)
        bar = (share > 100 ? 100 : share).formatted(minimumPlaces: 0)
        isOver = share >= 90
        isEnforced = budget.flag("enforced")
        period = "\(budget.text("period_start").prefix(10)) to \(budget.text("period_end").prefix(10))"
        let scope = budget["scope"]
        about = [scope?.text("account_id"), scope?.text("project_id"), scope?.text("cost_view_id")].compactMap { $0 }.filter { !$0.isEmpty }
            .joined(separator: ", ")
    }

    /// The five that are nearest to their limit.
    static func nearest(_ budgets: [BudgetLine]) -> [BudgetLine] { Array(budgets.sorted { $0.share > $1.share }.prefix(5)) }
}

/// Something that needs a person.
struct Trouble: Sendable {
    let title: String
    let path: String
    let state: Badge

    static func all(_ visit: Visit) async throws -> [Trouble] {
        let alerts = try await visit.listIfAllowed("/v1/alerts", query: ["state": "firing"], perPage: 10)
        let webhooks = try await visit.listIfAllowed("/v1/webhooks", perPage: 100)
        let failed = try await visit.listIfAllowed("/v1/resources", query: ["phase": "failed"], perPage: 10)
        return alerts.map { Trouble(title: $0.text("name"), path: "/app/usage/alerts/\($0.text("id"))", state: Badge("firing")) }
            + webhooks.filter(\.isInTrouble).map {
                Trouble(
                    title: $0.text("url"), path: "/app/webhooks/\($0.text("id"))", state: Badge($0.flag("enabled") ? "failing" : "disabled")
                )
            } + failed.map { Trouble(title: $0.text("name"), path: "/app/resources/\($0.text("id"))", state: Badge("failed")) }
    }
}

extension JSON {
    /// Of a webhook: it does not get through, or was switched off because it did not.
    var isInTrouble: Bool {
        flag("enabled") ? self["failing_since"]?.string != nil : ["failing", "gone"].contains(text("disabled_reason"))
    }
}
