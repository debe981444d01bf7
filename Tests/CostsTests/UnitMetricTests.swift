import Kernel
import Metering
import Server
import TestKit
import Testing

@Suite struct `Unit metrics` {
    private static let requests: JSON = ["source": "requests"]

    private static func span(_ from: String, _ to: String, _ more: String = "") -> String { "?start_date=\(from)&end_date=\(to)\(more)" }

    @Test func `are made, changed, listed and deleted`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let body: JSON = ["name": "Share", "numerator": ["source": "requests"], "denominator": Self.requests]
            let made = try await cloud.post("/v1/unit-metrics", as: key, body).expecting(201)
            #expect(made["numerator"] == Self.requests && made.text("description") == "")
            #expect(try await cloud.post("/v1/unit-metrics", as: key, body).code == "name_taken")
            let unknown: JSON = ["name": "x", "numerator": ["source": "requests", "project_id": "proj_x"], "denominator": Self.requests]
            let refused = try await cloud.post("/v1/unit-metrics", as: key, unknown)
            #expect(refused.status == 422 && refused["errors"]?.array?.first?["pointer"] == "/numerator/project_id")
            let other: JSON = ["name": "x", "numerator": ["source": "moon"], "denominator": Self.requests]
            #expect(try await cloud.post("/v1/unit-metrics", as: key, other).status == 422)
            let path = "/v1/unit-metrics/" + made.text("id")
            let project: JSON = ["source": "requests", "project_id": .string(cloud.home.project.rawValue)]
            let changed = try await cloud.patch(path, as: key, ["numerator": project, "name": "Of one"]).expecting(200)
            #expect(changed["numerator"] == project && changed["denominator"] == Self.requests)
            #expect(try await cloud.get("/v1/unit-metrics", as: key).ids == [made.text("id")])
            _ = try await cloud.delete(path, as: key).expecting(204)
            #expect(try await cloud.get(path, as: key).status == 404)
        }
    }

    @Test func `have a value for each bucket, and for the same one before`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let project: JSON = ["source": "requests", "project_id": .string(cloud.home.project.rawValue)]
            let body: JSON = ["name": "Share", "numerator": project, "denominator": Self.requests]
            let id = try await cloud.post("/v1/unit-metrics", as: key, body).expecting(201).text("id")
            for _ in 0..<4 { _ = try await cloud.get("/v1/projects/\(cloud.home.project)", as: key).expecting(200) }
            try await cloud.parts.counter.flush()
            let today = cloud.clock.now
            let tomorrow = today.adding(days: 1)
            let path = "/unit/metric/\(id)"
            let reply = try await cloud.get(path + Self.span(today.dateText, tomorrow.dateText), as: key).expecting(200)
            let data = reply["data"]?.array ?? []
            #expect(data.count == 2 && data.map { $0["date"]?.string } == [today, tomorrow].map { $0.dateText.filter { $0 != "-" } })
            let first = try #require(data.first)
            #expect(first["current_timeframe_numerator"] == 4 && first["current_timeframe_denominator"] == 5)
            #expect(first["current_timeframe_unit_metric"] == .double(0.8) && first["previous_timeframe_denominator"] == 0)
            #expect(first["previous_timeframe_unit_metric"] == nil && first["pop_diff"] == nil && first["pop_change"] == nil)
            #expect(first["n_agg_func"] == "SUM" && first["d_agg_func"] == "SUM")
            let next = try await cloud.get(path + Self.span(tomorrow.dateText, tomorrow.dateText), as: key).expecting(200)
            #expect(next["data"]?.array?.first?["previous_timeframe_numerator"] == 4)
        }
    }

    @Test func `put what was spent beside what a stream counted`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let bill = Bill(rows: [
                Bill.day(8, ["BilledCost": "125"]), Bill.day(8, ["BilledCost": "0.5", "ChargeCategory": "Tax"]),
                Bill.day(7, ["BilledCost": "50"]),
            ])
            #expect(try await cloud.importBill(bill.bytes).text("status") == "succeeded")
            let stream = try await cloud.post("/v1/streams", as: key, ["name": "Shop"]).expecting(201)
            let points: [JSON] = [("2026-03-08 00:00:00", 300), ("2026-03-08 05:00:00", 200), ("2026-03-07", 100)].map {
                ["timestamp": .string($0.0), "metric_name": "orders", "metric_value": .integer($0.1)]
            }
            let body: JSON = [
                "data_stream_token": .string(stream.text("data_stream_token")), "metric_agg_func": "Sum", "data": .array(points),
            ]
            _ = try await cloud.post("/streams/ingest", as: key, body).expecting(201)
            let orders: JSON = ["source": "stream", "stream_id": .string(stream.text("id")), "metric_name": "orders"]
            let made = try await cloud.post(
                "/v1/unit-metrics", as: key, ["name": "Cost by order", "numerator": ["source": "cost"], "denominator": orders]
            ).expecting(201)
            let path = "/api/unit/metric/" + made.text("id") + Self.span("2026-03-08", "2026-03-08")
            let data = try await cloud.get(path, as: key).expecting(200)["data"]?.array?.first
            #expect(data?["current_timeframe_numerator"] == .double(125.5) && data?["current_timeframe_denominator"] == 500)
            #expect(data?["current_timeframe_unit_metric"] == .double(0.251) && data?["previous_timeframe_unit_metric"] == .double(0.5))
            #expect(data?["pop_diff"] == .double(-0.249) && data?["pop_change"] == .double(-0.498))
            let net = try await cloud.get(path + "&exclude=taxes", as: key).expecting(200)["data"]?.array?.first
            #expect(net?["current_timeframe_numerator"] == 125)
            #expect(try await cloud.get(path + "&exclude=tips", as: key).status == 400)
            for wrong: JSON in [
                ["source": "stream"], ["source": "stream", "stream_id": "stm_x", "metric_name": "orders"],
                ["source": "cost", "cost_view_id": "cv_x"],
            ] {
                let refused = try await cloud.post("/v1/unit-metrics", as: key, ["name": "x", "numerator": wrong, "denominator": orders])
                #expect(refused.status == 422)
            }
        }
    }

    @Test func `are cut at the calendar, and refuse what is no span`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let body: JSON = ["name": "Share", "numerator": Self.requests, "denominator": Self.requests]
            let path = "/unit/metric/" + (try await cloud.post("/v1/unit-metrics", as: key, body).expecting(201).text("id"))
            func dates(_ from: String, _ to: String, _ granularity: String) async throws -> [String?] {
                let reply = try await cloud.get(path + Self.span(from, to, "&granularity=" + granularity), as: key).expecting(200)
                return (reply["data"]?.array ?? []).map { $0["date"]?.string }
            }
            #expect(try await dates("2022-03-01", "2022-03-31", "MONTH") == ["20220301"])
            #expect(try await dates("2022-06-15", "2022-06-21", "week") == ["20220615", "20220620"])
            #expect(try await dates("20220618", "2022-06-18", "daily") == ["20220618"])
            #expect(try await dates("2022-11-30", "2023-01-01", "quarter") == ["20221130", "20230101"])
            #expect(try await dates("2022-06-18", "2022-06-18", "hour").first == "20220618000000")
            let bad = [
                Self.span("2022-06-18", "2022-06-17"), "?start_date=2022-06-18", Self.span("2022-06-31", "2022-07-01"),
                Self.span("2022-6-18", "2022-06-19"), Self.span("2022-06-18", "2022-06-18", "&granularity=fortnight"),
                Self.span("1990-01-01", "2022-01-01", "&granularity=hour"),
            ]
            for query in bad { #expect(try await cloud.get(path + query, as: key).status == 400, "\(query)") }
            #expect(try await cloud.get("/unit/metric/um_x" + Self.span("2022-06-18", "2022-06-18"), as: key).status == 404)
        }
    }
}
