import HTTPTypes
import Kernel
import Prices
import Server
import TestKit
import Testing

@Suite struct `A member of a team sees of the costs` {
    private static let dates = "start_date=2026-03-08&end_date=2026-03-09&compare=none"

    /// Bob is a viewer of the project, and in team 7.
    private static func cloud(
        _ lists: JSON, _ body: @escaping @Sendable (Installation, _ bob: String) async throws -> Void
    ) async throws {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            let key = cloud.home.liveKey
            _ = try await cloud.importBill(
                Bill(
                    Bill.day(8, ["BilledCost": "1", "SubAccountId": "11", "x_Note": "mine"]),
                    Bill.day(8, ["BilledCost": "2", "SubAccountId": "11", "RegionId": "us-east-1", "x_Note": "there"]),
                    Bill.day(8, ["BilledCost": "4", "SubAccountId": "22", "x_Note": "theirs"]),
                    Bill.day(8, ["BilledCost": "8", "SubAccountId": "11", "ProviderName": "Google Cloud", "x_Note": "google"]),
                    Bill.day(8, ["BilledCost": "16", "SubAccountId": "11", "ProviderName": "Acme", "x_Note": "acme"])
                ).bytes)
            let bob = try await cloud.makeMember("bob@home.example", of: cloud.home, role: "viewer")
            #expect(try await cloud.data(dates, as: bob.session).total == "0", "of no team: the charges of the project, and no bills")
            var team = lists.members ?? []
            team += [.init("id", "7"), .init("name", "x")]
            _ = try await cloud.post("/teams", as: key, .object(team)).expecting(200)
            _ = try await cloud.post("/teams/7/members/assign", as: key, ["users_ids": [.string(bob.id)]]).expecting(200)
            try await body(cloud, bob.session)
        }
    }

    @Test func `what its lists let through, in views, their groups and the Cloudthread call`() async throws {
        try await Self.cloud(["aws_account_ids": ["11"]]) { cloud, bob in
            #expect(try await cloud.data(Self.dates, as: bob).expecting(200).total == "3")
            #expect(try await cloud.data(Self.dates).total == "31", "the workspace sees all")
            let groups = try await cloud.data(Self.dates + "&group_by=x_Note", as: bob)["groups"]?.array ?? []
            #expect(groups.compactMap { $0["key"]?["x_Note"]?.string } == ["there", "mine"])
            let all = try await cloud.defaultView()
            let metric = try await cloud.get("/cost/metric/\(all)?start_date=2026-03-08&end_date=2026-03-08", as: bob).expecting(200)
            #expect(metric["data"]?.array?.first?["current_timeframe_cost"] == 3)
            for query in ["&account=22", "&cost_type=Blended&account=22", "&group_by=account&account=22", "&spread=true&account=22"] {
                #expect(try await cloud.data(Self.dates + query, as: bob).total == "0", "\(query)")
            }
            #expect(try await cloud.data(Self.dates + "&spread=true", as: bob).total == "3")
        }
    }

    @Test func `no more when a view or a request asks for it`() async throws {
        try await Self.cloud(["aws_account_ids": ["11"], "aws_region_names": ["eu-west-1"]]) { cloud, bob in
            let wide: JSON = [
                "name": "wide", "filters": [[["dimension": "account", "in": ["22"]]], [["dimension": "region", "like": "%"]]],
            ]
            let view = try await cloud.post("/v1/cost-views", as: cloud.home.liveKey, wide).expecting(201).text("id")
            #expect(try await cloud.data(Self.dates, of: view).total == "31")
            #expect(try await cloud.data(Self.dates, of: view, as: bob).total == "1")
        }
    }

    @Test func `nothing of what no list is about, and everything without a list`() async throws {
        try await Self.cloud(["gcp_project_names": ["11"]]) { cloud, bob in
            #expect(try await cloud.data(Self.dates, as: bob).total == "8")
            _ = try await cloud.patch("/teams/7", as: cloud.home.liveKey, ["gcp_project_names": ["none"]]).expecting(200)
            #expect(try await cloud.data(Self.dates, as: bob).total == "0")
            _ = try await cloud.patch("/teams/7", as: cloud.home.liveKey, ["gcp_project_names": [], "custom_metric_names": ["orders"]])
                .expecting(
                    200)
            #expect(try await cloud.data(Self.dates, as: bob).total == "0", "a list of points says nothing of costs")
            _ = try await cloud.patch("/teams/7", as: cloud.home.liveKey, ["custom_metric_names": []]).expecting(200)
            #expect(try await cloud.data(Self.dates, as: bob).total == "31")
            _ = try await cloud.delete("/teams/7", as: cloud.home.liveKey).expecting(204)
            #expect(try await cloud.data(Self.dates, as: bob).total == "0")
        }
    }

    @Test func `the same in an export and in unit metrics`() async throws {
        try await Self.cloud(["aws_account_ids": ["22"]]) { cloud, bob in
            let exported = try await cloud.get("/v1/costs/export?from=2026-03-01&to=2026-03-31", as: bob).expecting(200).text
            #expect(exported.contains("theirs"))
            for hidden in ["mine", "there", "google", "acme"] { #expect(!exported.contains(hidden), "\(hidden)") }
            let unit: JSON = ["name": "u", "numerator": ["source": "cost"], "denominator": ["source": "requests"]]
            let made = try await cloud.post("/v1/unit-metrics", as: cloud.home.liveKey, unit).expecting(201).text("id")
            let path = "/unit/metric/\(made)?start_date=2026-03-08&end_date=2026-03-08"
            func numerator(_ secret: String) async throws -> JSON? {
                try await cloud.get(path, as: secret).expecting(200)["data"]?.array?.first?["current_timeframe_numerator"]
            }
            let (whole, own) = (try await numerator(cloud.home.liveKey), try await numerator(bob))
            #expect(whole == 31 && own == 4)
            #expect(try await cloud.get("/v1/costs/imports", as: bob).status == 403)
        }
    }

    @Test func `of our own charges none that its lists do not name`() async throws {
        try await Self.cloud(["aws_account_ids": ["11"]]) { cloud, bob in
            let key = cloud.home.liveKey
            let connection: JSON = ["name": "sim", "provider": "simulator", "settings": ["latency_ms": 0]]
            _ = try await cloud.moving { try await cloud.post("/v1/connections", as: key, connection).expecting(201) }
            _ = try await cloud.post("/v1/prices", as: key, ["sku": "volume.standard", "amount": "1"])
            let volume: JSON = ["name": "v", "project_id": .string(cloud.home.project.rawValue), "spec": ["size_gib": 10]]
            _ = try await cloud.post("/v1/volumes", as: key, volume).expecting(201)
            try await cloud.settle()
            cloud.clock.advance(seconds: 3 * 3600)
            try await MeteredTime.catchUp(cloud.store, cloud.place.surroundings)
            for path in ["/v1/charges", "/v1/charges/open"] {
                #expect(try await cloud.get(path, as: key).expecting(200).items.count > 0, "\(path)")
                #expect(try await cloud.get(path, as: cloud.home.projectKey).expecting(200).items.count > 0, "\(path)")
                #expect(try await cloud.get(path, as: bob).expecting(200).items.isEmpty, "\(path)")
            }
            _ = try await cloud.patch("/teams/7", as: key, ["aws_account_ids": []]).expecting(200)
            for path in ["/v1/charges", "/v1/charges/open"] {
                #expect(try await cloud.get(path, as: bob).expecting(200).items.count > 0, "a team without a list hides nothing: \(path)")
            }
        }
    }
}
