import Kernel
import Server
import TestKit
import Testing

@Suite struct `The Unit Metrics Lab` {
    private static let path = "/app/unit-metrics"

    private func send(_ orders: [(String, Double)], to token: String, _ cloud: Installation) async throws {
        let points = orders.map {
            JSON.object([.init("timestamp", .string($0.0)), .init("metric_name", "orders"), .init("metric_value", .double($0.1))])
        }
        let body: JSON = ["data_stream_token": .string(token), "metric_agg_func": "Sum", "data": .array(points)]
        let reply = try await cloud.post("/streams/ingest", as: cloud.home.liveKey, body)
        #expect(reply.status < 300)
    }

    @Test func `makes a metric and shows its values as the API answers them`() async throws {
        try await Installation.run { cloud in
            try await cloud.importBill()
            let stream = try await cloud.post("/v1/streams", as: cloud.home.liveKey, ["name": "shop"]).expecting(201)
            try await send([("2026-03-02 10:00:00", 3), ("2026-03-03 10:00:00", 7)], to: stream.text("data_stream_token"), cloud)
            let browser = try await Browser.signedIn(cloud)
            try await browser.go(Self.path)
            let form = [
                "name": "Cost per order", "description": "", "numerator-source": "cost", "numerator-view": "",
                "numerator-metric": "ignored",
                "denominator-source": "stream", "denominator-stream": stream.text("id"), "denominator-metric": "orders",
                "denominator-function": "Sum", "denominator-project": "",
            ]
            try await browser.submit(Self.path, form)
            let address = try #require(browser.location)
            let id = String(address.split(separator: "/").last ?? "")
            let made = try await cloud.get("/v1/unit-metrics/\(id)", as: cloud.home.liveKey).expecting(200)
            #expect(made["numerator"] == ["source": "cost"])
            try await browser.go("\(address)?start_date=2026-03-01&end_date=2026-03-04")
            let api = try await cloud.get("/unit/metric/\(id)?start_date=2026-03-01&end_date=2026-03-04", as: cloud.home.liveKey).expecting(
                200)
            let exact = try JSONParser.parse(api.bytes, keepingDigits: true)
            let values = (exact["data"]?.array ?? []).compactMap { $0["current_timeframe_unit_metric"]?.text }
            #expect(values == ["2.631550782576666667", "142.942857142857142859"])
            for value in values { #expect(browser.page.contains("<td class=\"number\">\(value)</td>")) }
            // What was spent in all by what was ordered in all.
            #expect(browser.figures.first == "99.624465234773000001")
            let file = try await browser.go("\(address)/data.csv?start_date=2026-03-01&end_date=2026-03-04")
            #expect(file.text.contains("2026-03-02,7.89465234773,3,2.631550782576666667"))
            try await browser.go(Self.path)
            #expect(browser.page.contains("cost by orders of shop") && !browser.page.contains(stream.text("data_stream_token")))
        }
    }

    @Test func `tells what is wrong, changes, deletes, and knows nothing of other workspaces`() async throws {
        try await Installation.run { cloud in
            let browser = try await Browser.signedIn(cloud)
            try await browser.go(Self.path)
            let form = ["name": "<i>Share</i>", "numerator-source": "requests", "denominator-source": "stream"]
            try await browser.submit(Self.path, form)
            #expect(browser.reply.status == 422 && browser.page.contains("Say which metric of the stream."))
            #expect(browser.page.contains("value=\"&lt;i&gt;Share&lt;/i&gt;\""))
            try await browser.submit(Self.path, form.merging(["denominator-source": "requests"]) { $1 })
            let address = try #require(browser.location)
            try await browser.go(address)
            #expect(browser.page.contains("There is no value in this period") && !browser.page.contains("<i>Share"))
            try await browser.submit(address, ["name": "Share", "numerator-source": "requests", "denominator-source": "requests"])
            let id = String(address.split(separator: "/").last ?? "")
            #expect(try await cloud.get("/v1/unit-metrics/\(id)", as: cloud.home.liveKey).text("name") == "Share")
            _ = try await cloud.makeWorkspace()
            let stranger = try await Browser.signedIn(cloud, email: "eve@elsewhere.example")
            for path in [address, address + "/data.csv"] { #expect(try await stranger.go(path).status == 404) }
            try await stranger.go(Self.path)
            #expect(try await stranger.submit(address + "/deletion", ["confirmed": "yes"]).status == 404)
            try await browser.go(address)
            try await browser.submit(address + "/deletion", ["confirmed": "yes"])
            #expect(try await cloud.get("/v1/unit-metrics/\(id)", as: cloud.home.liveKey).status == 404)
        }
    }
}
