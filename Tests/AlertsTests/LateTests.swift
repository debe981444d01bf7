import HTTPTypes
import Kernel
import Server
import Storage
import TestKit
import Testing

@Suite struct `What comes late` {
    /// Makes a stream; answers its token.
    private static func stream(_ tower: WatchTower) async throws -> String {
        try await tower.cloud.post("/v1/streams", as: tower.key, ["name": "Shop"]).expecting(201).text("data_stream_token")
    }

    private static func send(
        _ errors: Int64, hoursAgo: Int64, region: String = "eu", to token: String, _ tower: WatchTower
    ) async throws {
        let hour = tower.cloud.clock.now.floored(toSeconds: 3600).adding(seconds: -3600 * hoursAgo)
        let point: JSON = [
            "timestamp": .string(hour.description), "metric_name": "errors", "metric_value": .integer(errors),
            "custom_dimensions": ["region": .string(region)],
        ]
        _ = try await tower.cloud.post(
            "/streams/ingest", as: tower.key,
            ["data_stream_token": .string(token), "metric_agg_func": "Sum", "data": .array([point])]
        ).expecting(201)
    }

    private static func hour(_ ago: Int64, _ tower: WatchTower) -> JSON {
        JSON(tower.cloud.clock.now.floored(toSeconds: 3600).adding(seconds: -3600 * ago))
    }

    @Test func `fires for the hour that is over, marked, once, and is resolved where it is over`() async throws {
        try await WatchTower.run { tower in
            try await tower.connectSlack()
            let token = try await Self.stream(tower)
            let alert = try await tower.alert("sum(stream.errors, 1h) > 10", on: [])
            try await tower.look()
            tower.cloud.clock.advance(seconds: 3 * 3600)
            try await Self.send(10, hoursAgo: 2, to: token, tower)
            try await tower.look()
            #expect(try await tower.state(alert) == "inactive")
            try await Self.send(11, hoursAgo: 2, to: token, tower)
            try await tower.look()
            let event = try #require(try await tower.events("alert.firing").first)
            #expect(event["data"]?["late"] == true && event["data"]?["late_hour"] == Self.hour(2, tower))
            #expect(event["data"]?["values"]?.members?.first?.value == "11")
            #expect(tower.slack.texts.count == 1 && tower.slack.texts[0].contains("fires late, for the hour from"))
            try await tower.look()
            #expect(try await tower.state(alert) == "resolved" && tower.slack.texts.count == 2)
            let history = try await tower.cloud.get("/v1/alerts/\(alert)/history", as: tower.key).expecting(200).items
            #expect(history.map { $0["late"] } == [false, true])
            // The same hour again, with more: it has been told of.
            try await Self.send(50, hoursAgo: 2, to: token, tower)
            for _ in 0..<2 { try await tower.look() }
            #expect(try await tower.events("alert.firing").count == 1)
            // Another hour has not.
            try await Self.send(50, hoursAgo: 1, to: token, tower)
            try await tower.look()
            #expect(try await tower.events("alert.firing").count == 2)
        }
    }

    @Test func `marks what fires and goes on, and nothing that came in time`() async throws {
        try await WatchTower.run { tower in
            let token = try await Self.stream(tower)
            let alert = try await tower.alert("sum(stream.errors, 1d) > 10", on: [])
            let other = try await tower.alert("sum(stream.errors, 1h) > 10", on: [])
            try await tower.look()
            tower.cloud.clock.advance(seconds: 3 * 3600)
            try await Self.send(11, hoursAgo: 0, to: token, tower)
            try await tower.look()
            #expect(try await tower.events("alert.firing").allSatisfy { $0["data"]?["late"] == nil })
            #expect(try await tower.events("alert.firing").count == 2)
            tower.cloud.clock.advance(seconds: 26 * 3600)
            for _ in 0..<2 { try await tower.look() }
            #expect(try await [tower.state(alert), tower.state(other)] == ["resolved", "resolved"])
            try await Self.send(12, hoursAgo: 5, to: token, tower)
            for _ in 0..<3 { try await tower.look() }
            #expect(try await tower.state(alert) == "firing")
            let late = try await tower.events("alert.firing").filter { $0["subject"]?.string == alert }
            #expect(late.count == 2 && late.last?["data"]?["late"] == true)
        }
    }

    @Test func `is nothing to an alert that was made afterwards, nor to the groups it is not of`() async throws {
        try await WatchTower.run { tower in
            let token = try await Self.stream(tower)
            tower.cloud.clock.advance(seconds: 3 * 3600)
            let young = try await tower.alert("sum(stream.errors, 1h) > 10", on: [])
            try await tower.look()
            try await Self.send(100, hoursAgo: 2, to: token, tower)
            try await tower.look()
            #expect(try await tower.state(young) == "inactive")
            let alert = try await tower.alert("sum(stream.errors, 1h) > 10", on: [], [.init("group_by", ["dimension:region"])])
            try await tower.look()
            tower.cloud.clock.advance(seconds: 3 * 3600)
            try await Self.send(100, hoursAgo: 1, region: "us", to: token, tower)
            try await tower.look()
            #expect(try await tower.groups(alert) == ["eu": "inactive", "us": "firing"])
        }
    }

    @Test func `is a bill for hours that are over`() async throws {
        try await WatchTower.run { tower in
            let alert = try await tower.alert("sum(cost, 1h) > 10", on: [])
            try await tower.look()
            tower.cloud.clock.advance(seconds: 3 * 3600)
            let start = tower.cloud.clock.now.floored(toSeconds: 3600).adding(seconds: -2 * 3600)
            let names = [
                "ProviderName", "PublisherName", "InvoiceIssuerName", "BillingAccountId", "BillingAccountName", "BillingPeriodStart",
                "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "BilledCost", "EffectiveCost", "ListCost",
                "ContractedCost", "BillingCurrency", "ServiceName", "ServiceCategory", "ChargeDescription", "ChargeClass",
                "PricingQuantity", "PricingUnit",
            ]
            let row = [
                "AWS", "AWS", "AWS", "1", "One", start.startOfMonth.description, start.startOfNextMonth.description, start.description,
                start.adding(seconds: 3600).description, "Usage", "10.000000000000000001", "10.1", "10.1", "10.1", "USD", "EC2", "Compute",
                "x", "NULL", "1", "Hours",
            ]
            let text = names.joined(separator: ",") + "\r\n" + row.joined(separator: ",") + "\r\n"
            let reply = try await tower.cloud.send(
                .post, "/v1/costs/imports?wait=60s", as: tower.key, Array(text.utf8), headers: ["Content-Type": "text/csv"]
            ).expecting(202)
            #expect(reply.text("status") == "succeeded")
            try await tower.look()
            let event = try #require(try await tower.events("alert.firing").first)
            #expect(event["subject"]?.string == alert && event["data"]?["late_hour"] == JSON(start))
        }
    }

    @Test func `is heard of after a restart`() async throws {
        try await Place.fresh { place in
            let home = try await Installation.prepare(place)
            let (alert, token) = try await Installation.open(in: place, home: home) { cloud in
                let tower = WatchTower(cloud)
                let token = try await Self.stream(tower)
                let alert = try await tower.alert("sum(stream.errors, 1h) > 10", on: [])
                try await tower.look()
                cloud.clock.advance(seconds: 3 * 3600)
                try await Self.send(11, hoursAgo: 2, to: token, tower)
                return (alert, token)
            }
            try await Installation.open(in: place, home: home) { cloud in
                let tower = WatchTower(cloud)
                try await tower.look()
                #expect(try await tower.state(alert) == "firing")
                try await tower.look()
                try await Self.send(11, hoursAgo: 2, to: token, tower)
                try await tower.look()
                #expect(try await tower.events("alert.firing").count == 1)
            }
        }
    }
}
