import HTTPTypes
import Kernel
import Server
import Storage
import TestKit
import Testing

/// A test begins in the middle of an hour, a day and a month; everything is counted back from there.
@Suite struct `What alerts can speak of` {
    /// Sends points of hours back from the one that runs.
    private static func send(
        _ points: [(hoursAgo: Int64, name: String, value: JSON, dimensions: JSON)], as function: String = "Sum", _ tower: WatchTower
    ) async throws {
        let cloud = tower.cloud
        let streams = try await cloud.get("/v1/streams", as: tower.key).expecting(200).items
        var token = streams.first?["data_stream_token"]?.string ?? ""
        if streams.isEmpty {
            token = try await cloud.post("/v1/streams", as: tower.key, ["name": "Shop"]).expecting(201).text("data_stream_token")
        }
        let hour = cloud.clock.now.floored(toSeconds: 3600)
        let data: [JSON] = points.map { point in
            [
                "timestamp": .string(hour.adding(seconds: -3600 * point.hoursAgo).description), "metric_name": .string(point.name),
                "metric_value": point.value, "custom_dimensions": point.dimensions,
            ]
        }
        _ = try await cloud.post(
            "/streams/ingest", as: tower.key,
            ["data_stream_token": .string(token), "metric_agg_func": .string(function), "data": .array(data)]
        ).expecting(201)
    }

    /// What the rule's only number is.
    private static func value(_ text: String, on subject: [JSON.Member] = [], _ tower: WatchTower) async throws -> String? {
        let alert = try await tower.alert("\(text) > 1000000", on: subject)
        let view = try await tower.cloud.get("/v1/alerts/\(alert)", as: tower.key).expecting(200)
        return view["values"]?.members?.first?.value.string
    }

    private static func expect(_ text: String, _ value: String?, on subject: [JSON.Member] = [], _ tower: WatchTower) async throws {
        let found = try await Self.value(text, on: subject, tower)
        #expect(found == value, "\(text)")
    }

    private static func bill(_ rows: [(hoursAgo: Int64, cost: String, tags: String)], _ tower: WatchTower) async throws {
        let columns = [
            "ProviderName", "PublisherName", "InvoiceIssuerName", "BillingAccountId", "BillingAccountName", "BillingPeriodStart",
            "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "BilledCost", "EffectiveCost", "ListCost",
            "ContractedCost", "PricingQuantity", "PricingUnit", "ConsumedQuantity", "BillingCurrency", "ServiceName", "ServiceCategory",
            "SkuId", "Tags", "ChargeDescription", "ChargeClass",
        ]
        let hour = tower.cloud.clock.now.floored(toSeconds: 3600)
        let lines = rows.map { row in
            let start = hour.adding(seconds: -3600 * row.hoursAgo)
            let tags = "\"" + row.tags.replacing("\"", with: "\"\"") + "\""
            return [
                "AWS", "AWS", "AWS", "1", "One", start.startOfMonth.description, start.startOfNextMonth.description, start.description,
                start.adding(seconds: 3600).description, "Usage", row.cost, row.cost, row.cost, row.cost, "1", "Hours", "2.5", "USD",
                "Amazon EC2", "Compute", "S1", tags, "x", "NULL",
            ].joined(separator: ",")
        }
        let text = ([columns.joined(separator: ",")] + lines).joined(separator: "\r\n") + "\r\n"
        let reply = try await tower.cloud.send(
            .post, "/v1/costs/imports?wait=60s", as: tower.key, Array(text.utf8), headers: ["Content-Type": "text/csv"]
        ).expecting(202)
        #expect(reply.text("status") == "succeeded")
    }

    @Test func `of streams is every function of the grammar, over hours and dimensions`() async throws {
        try await WatchTower.run { tower in
            try await Self.send(
                [
                    (0, "orders", 5, ["region": "eu"]), (1, "orders", 7, ["region": "eu"]), (1, "orders", 1, ["region": "us"]),
                    (3, "orders", 2, ["region": "eu"]), (4, "orders", 8, ["region": "eu"]),
                ], tower)
            try await Self.send([(0, "latency", .double(0.5), [:]), (1, "latency", .double(1), [:])], as: "Average", tower)
            let expected = [
                ("stream.orders", "23"), ("sum(stream.orders, 2h)", "13"), ("sum(stream.orders{region=\"eu\"}, 2h)", "12"),
                ("avg(stream.orders, 2h)", "6.5"), ("min(stream.orders, 2h)", "5"), ("max(stream.orders, 2h)", "8"),
                ("last(stream.orders, 2h)", "5"), ("rate(stream.orders, 1h)", "0.001388888888888889"),
                ("delta(stream.orders, 3h)", "3"), ("pop(stream.orders, 3h)", "0.3"), ("change(stream.orders, 3h)", "0.3"),
                ("forecast(stream.orders, 3h)", "16"), ("sum(stream.orders)", "23"), ("avg(stream.latency, 2h)", "0.75"),
                ("sum(stream.latency, 2h)", "1.5"), ("stream.\"orders\"{\"region\"=\"us\"}", "1"),
                ("max(stream.orders{metric_agg_func=\"Sum\"}, 5h)", "8"),
            ]
            for (text, value) in expected { try await Self.expect(text, value, tower) }
            for nothing in ["stream.visits", "sum(stream.orders{region=\"asia\"}, 2h)", "delta(stream.latency, 2h)"] {
                try await Self.expect(nothing, nil, tower)
            }
        }
    }

    @Test func `of streams by dimension is a state for each value`() async throws {
        try await WatchTower.run { tower in
            let alert = try await tower.alert("sum(stream.errors, 1h) > 10", on: [], [.init("group_by", ["dimension:region"])])
            try await Self.send([(0, "errors", 3, ["region": "eu"]), (0, "errors", 11, ["region": "us"])], tower)
            try await tower.look()
            #expect(try await tower.groups(alert) == ["eu": "inactive", "us": "firing"])
            // The next hour has no points: that is no data, and by default all is well.
            tower.cloud.clock.advance(seconds: 3600)
            try await tower.look()
            #expect(try await tower.groups(alert) == ["eu": "inactive", "us": "resolved"])
            let silent = try await tower.alert(
                "sum(stream.errors, 1h) > 10", on: [], [.init("group_by", ["dimension:region"]), .init("no_data", "alert")])
            try await Self.send([(0, "errors", 1, ["region": "eu"])], tower)
            try await tower.look()
            #expect(try await tower.groups(silent) == ["eu": "inactive", "us": "firing"])
        }
    }

    @Test func `of costs is exact, over views, tags and months`() async throws {
        try await WatchTower.run { tower in
            try await Self.bill(
                [
                    (1, "0.1", "{\"team\":\"core\"}"), (2, "0.2", "{\"team\":\"core\"}"), (3, "7.000000000000000001", "{\"team\":\"web\"}"),
                    (26, "4", "{}"),
                ], tower)
            let view = try await tower.cloud.post(
                "/v1/cost-views", as: tower.key,
                ["name": "Core", "filters": [[["dimension": "tag:team", "in": ["core"]]]]]
            ).expecting(201).text("id")
            let expected = [
                ("cost", "11.300000000000000001"), ("sum(cost, 1d)", "7.300000000000000001"), ("max(cost, 1d)", "7.000000000000000001"),
                ("min(cost, 1d)", "0"), ("last(cost, 2h)", "0"), ("delta(cost, 1d)", "3.300000000000000001"),
                ("pop(cost, 1d)", "0.825"), ("meter.S1", "10"), ("sum(meter.S1, 1d)", "7.5"),
            ]
            for (text, value) in expected { try await Self.expect(text, value, tower) }
            // In binary numbers, 0.1 + 0.2 is more than 0.3.
            try await Self.expect("cost{view=\"Core\"}", "0.3", tower)
            try await Self.expect("cost{view=\"\(view)\"}", "0.3", tower)
            let alert = try await tower.alert("cost > 0.3", on: [], [.init("group_by", ["label:team"])])
            try await tower.look()
            #expect(try await tower.groups(alert) == ["core": "inactive", "web": "firing"])
            // So far 11.3…, of which 11.3… in the last seven days; 21 days and 12 hours are to come.
            try await Self.expect("cost_forecast", "46.007142857142857147", tower)
            try await Self.expect("cost", "0", on: [.init("project_id", .string(tower.project))], tower)
        }
    }

    @Test func `of a unit metric is a ratio of totals, and nothing where the denominator is`() async throws {
        try await WatchTower.run { tower in
            try await Self.bill([(1, "4", "{}"), (2, "2", "{}")], tower)
            try await Self.send([(1, "orders", 10, [:]), (2, "orders", 2, [:])], tower)
            _ = try await tower.cloud.post(
                "/v1/unit-metrics", as: tower.key,
                [
                    "name": "By order", "numerator": ["source": "cost"],
                    "denominator": ["source": "stream", "metric_name": "orders"],
                ]
            ).expecting(201)
            try await Self.expect("unit_cost{metric=\"By order\"}", "0.5", tower)
            try await Self.expect("max(unit_cost{metric=\"By order\"}, 3h)", "1", tower)
            try await Self.expect("avg(unit_cost{metric=\"By order\"}, 3h)", "0.5", tower)
            try await Self.expect("last(unit_cost{metric=\"By order\"}, 1h)", nil, tower)
            let alert = try await tower.alert("unit_cost{metric=\"By order\"} > 0.4", on: [])
            try await tower.look()
            #expect(try await tower.state(alert) == "firing")
        }
    }

    @Test func `over a view that can be read no more stops no other alert`() async throws {
        try await WatchTower.run { tower in
            try await Self.bill([(1, "5", "{}")], tower)
            _ = try await tower.cloud.post("/v1/cost-views", as: tower.key, ["name": "Old"]).expecting(201)
            let broken = try await tower.alert("cost{view=\"Old\"} > 1", on: [])
            let sound = try await tower.alert("cost > 1", on: [])
            _ = try await tower.cloud.store.write { connection in
                try connection.execute(
                    "UPDATE cost_views SET settings = ?, updated_at = updated_at + 1 WHERE workspace = ? AND name = 'Old'",
                    #"{"filters":[[{"dimension":"service","regex":"("}]]}"#, tower.cloud.home.workspace)
            }
            try await tower.look()
            #expect(try await tower.state(sound) == "firing")
            let seen = try await tower.cloud.get("/v1/alerts/\(broken)", as: tower.key).expecting(200)
            #expect(seen.text("state") == "inactive" && seen["values"]?.members?.contains { $0.value != .null } != true, "\(seen.text)")
            #expect(try await tower.cloud.get("/v1/alerts", as: tower.key).expecting(200).items.count == 2)
        }
    }

    @Test func `that is not there is refused where it stands`() async throws {
        try await WatchTower.run { tower in
            let project: [JSON.Member] = [.init("project_id", .string(tower.project))]
            let wrong: [(String, [JSON.Member], Int64?)] = [
                ("1 < cost{view=\"None\"}", [], 5), ("cost > 1 and unit_cost{metric=\"None\"} > 1", [], 14), ("unit_cost > 1", [], 11),
                ("cost > 2 * cpu_percent", [], 6), ("sum(unit_cost{metric=\"x\"}, 1d) > 1", [], 1), ("cost{colour=\"red\"} > 1", [], 6),
                ("cost{view=\"x\"} > 1", project, 1),
                // A project's stream is nobody's.
                ("stream.orders > 1", project, nil),
            ]
            for (rule, more, column) in wrong {
                let reply = try await tower.cloud.post("/v1/alerts", as: tower.key, .object([.init("rule", .string(rule))] + more))
                #expect(reply.status == 422 && reply["column"]?.integer == column, "\(rule)")
            }
            let key = tower.cloud.home.projectKey
            #expect(try await tower.cloud.post("/v1/alerts", as: key, ["rule": "stream.orders > 1"]).status == 422)
        }
    }

    @Test func `of requests is every function of the grammar, minute by minute`() async throws {
        try await WatchTower.run { tower in
            let minute = tower.cloud.clock.now.floored(toSeconds: 60)
            try await tower.cloud.store.write { connection in
                for (ago, requests) in [(0, 6), (1, 3), (5, 3)] as [(Int64, Int)] {
                    try connection.execute(
                        """
                        INSERT INTO request_minutes (workspace, mode, project, minute, credential, route, account, requests)
                        VALUES (?, 'live', ?, ?, 'x', 'x', ?, ?)
                        """, tower.cloud.home.workspace, tower.cloud.home.project, minute.adding(seconds: -60 * ago),
                        tower.cloud.home.account, requests)
                }
            }
            let account: [JSON.Member] = [.init("account_id", .string(tower.account))]
            let expected = [
                ("requests", "9"), ("sum(requests, 6m)", "12"), ("avg(requests, 3m)", "3"), ("min(requests, 2m)", "3"),
                ("min(requests, 3m)", "0"), ("max(requests, 5m)", "6"), ("last(requests, 5m)", "6"), ("rate(requests, 5m)", "0.03"),
                ("delta(requests, 5m)", "6"), ("change(requests, 5m)", "2"), ("pop(requests, 5m)", "2"), ("forecast(requests, 5m)", "15"),
                ("sum(requests)", "9"),
            ]
            for (text, value) in expected { try await Self.expect(text, value, on: account, tower) }
            // A function of a sum is the sum of the functions.
            let alert = try await tower.alert("avg(requests / 2 + 3 * requests, 3m) == 10.5", on: account)
            try await tower.look()
            #expect(try await tower.state(alert) == "firing")
        }
    }

    @Test func `of a level is what it was, sampled over the span`() async throws {
        try await WatchTower.run { tower in
            let hour = tower.cloud.clock.now.floored(toSeconds: 3600)
            try await tower.cloud.store.write { connection in
                for (ago, requests) in [(1, 30), (13, 10)] as [(Int64, Int)] {
                    try connection.execute(
                        "INSERT INTO request_hours (workspace, mode, account, hour, project, requests) VALUES (?, 'live', ?, ?, '', ?)",
                        tower.cloud.home.workspace, tower.cloud.home.account, hour.adding(seconds: -3600 * ago), requests)
                }
            }
            let account: [JSON.Member] = [.init("account_id", .string(tower.account))]
            let expected = [
                ("quota_used", "40"), ("delta(quota_used, 12h)", "30"), ("change(quota_used, 12h)", "3"), ("pop(quota_used, 12h)", "3"),
                ("forecast(quota_used, 12h)", "70"), ("rate(quota_used, 12h)", "0.000694444444444444"), ("max(quota_used, 12h)", "40"),
                ("min(quota_used, 12h)", "10"), ("last(quota_used, 12h)", "40"),
            ]
            for (text, value) in expected { try await Self.expect(text, value, on: account, tower) }
        }
    }
}
