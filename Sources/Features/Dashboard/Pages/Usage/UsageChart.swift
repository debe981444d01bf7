import Kernel
import Web

/// Requests of an account by day, the last thirty.
struct UsageChart: Sendable {
    private static let days: Int64 = 30

    private let account: String
    private let rows: [JSON]

    /// Asks for them with the API's call. Throws what that throws.
    static func read(_ account: String, _ visit: Visit) async throws -> UsageChart {
        let from = visit.at.floored(toSeconds: 86_400).adding(days: 1 - days)
        let answer = try await visit.get(
            "/v1/accounts/{id}/usage", ["id": account], query: ["window": "1d", "from": from.description])
        return UsageChart(account: account, rows: answer.list("data"))
    }

    /// Nil for who may not read them.
    static func readIfAllowed(_ account: String, _ visit: Visit) async throws -> UsageChart? {
        do {
            return try await read(account, visit)
        } catch let problem as Problem where problem.code.status == 403 {
            return nil
        }
    }

    var table: ChartTable {
        ChartTable(
            head: ["day", "requests", "complete"],
            lines: rows.map { [String($0.text("start").prefix(10)), $0.text("requests"), $0.flag("complete") ? "yes" : "no"] })
    }

    var part: ChartPart {
        var chart = Chart(
            id: "requests", title: "Requests by day",
            description: "The last \(rows.count) days, the last of them so far. The table below has every number.",
            amount: Amount(currency: nil),
            slots: rows.map { row in
                let name = row.time("start").map(Words.day) ?? row.text("start")
                return .init(name: row.flag("complete") ? name : name + ", so far", short: String(name.dropLast(5)))
            })
        chart.bars = [.init(name: "Requests", colour: 1, values: rows.map { ExactDecimal($0.text("requests")) })]
        return ChartPart([.init(chart)], table, csv: "\(UsagePage.path)/data.csv?account=\(PercentEncoding.encode(account))")
    }
}
