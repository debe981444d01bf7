import Kernel
import Server
import TestKit
import Testing

@Suite struct `Costs that are spread` {
    private static func cloud(_ rows: [String: String]..., body: @escaping @Sendable (Installation) async throws -> Void) async throws {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            _ = try await cloud.importBill(Bill(rows: rows).bytes)
            try await body(cloud)
        }
    }

    private static func charge(_ from: String, _ to: String, _ cost: String, _ more: [String: String] = [:]) -> [String: String] {
        ["ChargePeriodStart": from, "ChargePeriodEnd": to, "BilledCost": cost].merging(more) { $1 }
    }

    @Test func `stand in every bucket their period runs through, by how much of it`() async throws {
        try await Self.cloud(
            Self.charge("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", "31"),
            Self.charge("2026-03-02T18:00:00Z", "2026-03-03T06:00:00Z", "4")
        ) { (cloud: Installation) async throws -> Void in
            let dates = "start_date=2026-03-01&end_date=2026-03-04&compare=none"
            #expect(try await cloud.data(dates).costs == ["31", "4", "0", "0"])
            let spread = try await cloud.data(dates + "&spread=true").expecting(200)
            #expect(spread.costs == ["1", "3", "3", "1"] && spread["spread"] == true && spread["rows"] == 2)
            let month = try await cloud.data("start_date=2026-03-01&end_date=2026-03-31&granularity=month&spread=true")
            #expect(month.total == "35")
            let later = try await cloud.data("start_date=2026-03-30&end_date=2026-04-02&spread=true&compare=none")
            #expect(later.costs == ["1", "1", "0", "0"], "a period that began before the dates")
            let hours = try await cloud.data("start_date=2026-03-02&end_date=2026-03-02&granularity=hour&spread=true&compare=none")
            #expect(hours.costs.last == "0.375")
        }
    }

    @Test func `add up to the charge, to the last digit`() async throws {
        // A third has no end: what rounding leaves over is with the first of the longest parts.
        try await Self.cloud(Self.charge("2026-03-01T00:00:00Z", "2026-03-04T00:00:00Z", "1")) {
            (cloud: Installation) async throws -> Void in
            let spread = try await cloud.data("start_date=2026-03-01&end_date=2026-03-03&spread=true&compare=none").expecting(200)
            #expect(spread.costs == ["0.333333333333333334", "0.333333333333333333", "0.333333333333333333"] && spread.total == "1")
        }
    }

    @Test func `are grouped, filtered and left out like others`() async throws {
        try await Self.cloud(
            Self.charge("2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z", "2", ["ServiceName": "A"]),
            Self.charge("2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z", "4", ["ServiceName": "B"]),
            Self.charge("2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z", "8", ["ChargeCategory": "Tax"]),
            Self.charge("2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z", "16", ["BillingCurrency": "EUR"]),
            Self.charge("2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z", "32", ["ServiceName": "A", "ContractedCost": "NULL"])
        ) { (cloud: Installation) async throws -> Void in
            let dates = "start_date=2026-03-02&end_date=2026-03-02&compare=none&spread=true"
            let grouped = try await cloud.data(dates + "&group_by=service&exclude=taxes").expecting(200)
            #expect(grouped["groups"]?.array?.map { $0["total"]?["cost"]?.string } == ["33", "2"])
            #expect(grouped["other_currency_rows"] == 1)
            #expect(try await cloud.data(dates + "&cost_type=Contracted")["null_rows"] == 1)
            #expect(try await cloud.data(dates + "&cost_type=Blended").status == 400)
            #expect(try await cloud.data(dates.replacing("true", with: "perhaps")).status == 400)
        }
    }
}
