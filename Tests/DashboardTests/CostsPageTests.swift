import Kernel
import Server
import TestKit
import Testing

@Suite struct `The costs page` {
    private static let span = "start_date=2026-03-01&end_date=2026-03-07"

    @Test func `shows what the API answers, to the last digit`() async throws {
        try await Installation.run { cloud in
            try await cloud.importBill()
            let view = try await cloud.defaultView()
            let query = "\(Self.span)&group_by=service&compare=previous_period"
            let api = try await cloud.get("/v1/cost-views/\(view)/data?\(query)", as: cloud.home.liveKey).expecting(200)
            let browser = try await Browser.signedIn(cloud)
            #expect(try await browser.go("/app/costs?\(query)").status == 200)
            var expected = ["cost", "previous_cost", "pop_diff"].map { api["total"]?[$0]?.string ?? "" }
            for group in api["groups"]?.array ?? [] {
                expected += ["cost", "previous_cost", "pop_diff"].map { group["total"]?[$0]?.string ?? "" }
            }
            #expect(browser.figures == expected)
            #expect(expected[0] == "996.24465234773000001")
            for point in api["data"]?.array ?? [] {
                #expect(browser.page.contains("<td class=\"number\">\(point["cost"]?.string ?? "?")</td>"))
            }
            #expect(browser.page.contains("1 rows in another currency than USD are left out"))
            #expect(browser.page.contains("Data through 5 Mar 2026"))
        }
    }

    @Test func `escapes what a bill calls its services, and sends the numbers as a file`() async throws {
        try await Installation.run { cloud in
            try await cloud.importBill()
            let browser = try await Browser.signedIn(cloud)
            try await browser.go("/app/costs?\(Self.span)&group_by=service")
            #expect(!browser.page.contains("<b>S3") && browser.page.contains("&lt;b&gt;S3&lt;/b&gt;"))
            let file = try await browser.go("/app/costs/data.csv?\(Self.span)&group_by=service")
            #expect(file.header("Content-Type")?.hasPrefix("text/csv") == true)
            #expect(file.header("Content-Disposition") == "attachment; filename=\"costs-2026-03-01-2026-03-07.csv\"")
            let lines = file.text.split(separator: "\r\n")
            #expect(lines[0] == "day,cost (USD),compared with,cost then,difference,change,<b>S3</b>,Amazon EC2,AWS Lambda")
            #expect(lines[3] == "2026-03-03,1000.60000000000000001,2026-02-24,0,1000.60000000000000001,,1000.5,0.10000000000000001,0")
            #expect(try await browser.go("/app/costs/export.csv?from=2026-03-01&to=2026-03-31").text.contains("7.89465234773"))
        }
    }

    @Test func `goes one step down at a click, and up again`() async throws {
        try await Installation.run { cloud in
            try await cloud.importBill()
            let browser = try await Browser.signedIn(cloud)
            try await browser.go("/app/costs?\(Self.span)&group_by=service")
            let link = try #require(browser.page.split(separator: "<a href=\"").first { $0.contains(">Amazon EC2</a>") }).prefix {
                $0 != "\""
            }
            let address = String(link).replacing("&amp;", with: "&")
            #expect(address.contains("service=Amazon%20EC2") && address.contains("group_by=usage_type"))
            try await browser.go(address)
            #expect(browser.figures.first == "7.99465234773000001")
            #expect(browser.page.contains("Service: Amazon EC2"))
        }
    }

    @Test func `adds up from bucket to bucket, compares with another period or with nothing`() async throws {
        try await Installation.run { cloud in
            try await cloud.importBill()
            let browser = try await Browser.signedIn(cloud)
            try await browser.go("/app/costs?\(Self.span)&cumulative=true")
            #expect(browser.page.contains("Cost, added up by day") && !browser.page.contains("class=\"bar "))
            #expect(browser.page.contains("<th scope=\"col\" class=\"number\">added up</th>"))
            #expect(browser.page.contains("data.csv?start_date=2026-03-01&amp;end_date=2026-03-07&amp;cumulative=true"))
            let file = try await browser.go("/app/costs/data.csv?\(Self.span)&cumulative=true&compare=none").text.split(separator: "\r\n")
            #expect(file[0].hasPrefix("day,cost (USD),added up"))
            let sums = file.dropFirst().compactMap { ExactDecimal(String($0.split(separator: ",")[2])) }
            let days = file.dropFirst().compactMap { ExactDecimal(String($0.split(separator: ",")[1])) }
            #expect(sums.count == 7 && sums.last == days.reduce(.zero, +))
            try await browser.go("/app/costs?\(Self.span)&compare=none")
            #expect(!browser.page.contains("id=\"previous\"") && !browser.page.contains("dashed\" d="))
            try await browser.go("/app/costs?start_date=2026-02-01&end_date=2026-02-07&compare=previous_month")
            #expect(browser.page.contains("1 Jan 2026 – 7 Jan 2026"))
            let own = "compare=custom&compare_start_date=2026-03-01&compare_end_date=2026-03-03"
            try await browser.go("/app/costs?\(Self.span)&\(own)")
            #expect(browser.page.contains("1 Mar 2026 – 3 Mar 2026") && browser.page.contains("value=\"custom\" selected"))
            #expect(browser.page.contains("compare_start_date=2026-03-01&amp;compare_end_date=2026-03-03"), "kept by links")
            let half = try await browser.go("/app/costs?\(Self.span)&compare=custom&compare_start_date=2026-03-01")
            #expect(half.status == 400 && half.text.contains("compare=custom needs"))
        }
    }

    @Test(arguments: [("Pacific/Kiritimati", "2026-03-11"), ("America/Los_Angeles", "2026-03-10"), ("UTC", "2026-03-10")])
    func `counts its presets in the days of the view's time zone`(zone: String, today: String) async throws {
        try await Installation.run { cloud in
            // The clock stands at noon of the tenth, which is the eleventh there.
            let view = try await cloud.post("/v1/cost-views", as: cloud.home.liveKey, ["name": "There", "zone": .string(zone)])
                .expecting(201).text("id")
            let browser = try await Browser.signedIn(cloud)
            try await browser.go("/app/costs?view=\(view)&period=7d")
            #expect(browser.page.contains("name=\"end_date\" type=\"date\" value=\"\(today)\""), "\(cloud.clock.now)")
        }
    }

    @Test(arguments: ["period=7d", "period=month", "period=last-month", "period=12m", "granularity=hour&period=7d", "group_by=tag:env", ""])
    func `opens for every period and breakdown`(query: String) async throws {
        try await Installation.run { cloud in
            try await cloud.importBill()
            let browser = try await Browser.signedIn(cloud)
            #expect(try await browser.go("/app/costs?\(query)").status == 200)
            #expect(!browser.page.contains("{{") && !browser.page.contains("style="))
            #expect(browser.page.ranges(of: "role=\"img\"").count >= 2)
        }
    }

    @Test func `draws markers over the bars, and links only to other sites`() async throws {
        try await Installation.run { cloud in
            func marker(_ type: String, _ url: String) -> JSON {
                ["timestamp": "2026-03-03 14:00:00", "payload": ["type": .string(type), "description": "v<1>", "event_url": .string(url)]]
            }
            let body: JSON = ["data": [marker("deploy", "https://ci.example/1"), marker("incident", "javascript:alert(1)")]]
            _ = try await cloud.post("/events", as: cloud.home.liveKey, body).expecting(201)
            let browser = try await Browser.signedIn(cloud)
            try await browser.go("/app/costs?\(Self.span)")
            #expect(browser.page.ranges(of: "<g class=\"marker\">").count == 4)
            #expect(browser.page.contains("<a href=\"https://ci.example/1\" rel=\"noopener noreferrer\">"))
            #expect(!browser.page.contains("javascript:alert") && browser.page.contains("v&lt;1&gt;"))
        }
    }

    @Test func `says what is wrong with a question, and knows no view of another workspace`() async throws {
        try await Installation.run { cloud in
            let other = try await cloud.makeWorkspace()
            let theirs = try await cloud.defaultView(of: other.liveKey)
            let browser = try await Browser.signedIn(cloud)
            #expect(try await browser.go("/app/costs?view=\(theirs)").status == 404)
            #expect(try await browser.go("/app/costs/views/\(theirs)").status == 404)
            let refused = try await browser.go("/app/costs?cost_type=Imaginary")
            #expect(refused.status == 400 && refused.text.contains("There is no such cost type"))
            #expect(try await browser.go("/app/costs/data.csv?view=\(theirs)").status == 404)
        }
    }
}

@Suite struct `The form of a cost view` {
    private static let form = [
        "name": "Compute in Europe", "description": "", "cost_type": "Amortized", "amortization": "true", "granularity": "week",
        "group_by": "region", "currency": "usd", "zone": "Europe/Berlin", "exclude": "taxes", "line-0-group": "1",
        "line-0-dimension": "service",
        "line-0-how": "in", "line-0-values": "Amazon EC2\r\n(none)", "line-1-group": "2", "line-1-dimension": "tag:env",
        "line-1-how": "not-like",
        "line-1-values": "dev%", "line-2-group": "1", "line-2-dimension": "", "line-2-how": "in", "line-2-values": "",
    ]

    @Test func `makes, changes and deletes a view as the API would`() async throws {
        try await Installation.run { cloud in
            let browser = try await Browser.signedIn(cloud)
            try await browser.go("/app/costs/views/new")
            let form = Self.form.merging(["form_token": browser.hidden("form_token") ?? "", "once": browser.hidden("once") ?? ""]) { $1 }
            try await browser.submit("/app/costs/views", form)
            #expect(browser.reply.status == 303)
            try await browser.submit("/app/costs/views", form)
            let views = try await cloud.get("/v1/cost-views", as: cloud.home.liveKey).items.filter { $0["is_default"] != true }
            #expect(views.count == 1)
            let view = try #require(views.first)
            let filters: JSON = [
                [["dimension": "service", "is_not": false, "in": ["Amazon EC2", nil]]],
                [["dimension": "tag:env", "is_not": true, "like": "dev%"]],
            ]
            #expect(view["filters"] == filters)
            #expect(
                view["amortization"] == true && view["exclude"] == ["taxes"] && view["zone"] == "Europe/Berlin" && view["currency"] == "USD"
            )
            let id = view["id"]?.string ?? ""
            try await browser.go("/app/costs/views/\(id)")
            #expect(browser.page.contains(">Amazon EC2\n(none)</textarea>") && browser.page.contains("value=\"tag:env\""))
            try await browser.submit("/app/costs/views/\(id)", Self.form.merging(["name": "Renamed", "zone": "Mars/Olympus"]) { $1 })
            #expect(browser.reply.status == 422 && browser.page.contains("Mars/Olympus is no IANA time zone."))
            try await browser.submit("/app/costs/views/\(id)", Self.form.merging(["name": "Renamed"]) { $1 })
            #expect(try await cloud.get("/v1/cost-views/\(id)", as: cloud.home.liveKey).text("name") == "Renamed")
            try await browser.go("/app/costs/views/\(id)")
            try await browser.submit("/app/costs/views/\(id)/deletion")
            #expect(browser.page.contains("Delete “Renamed”?"))
            try await browser.submit("/app/costs/views/\(id)/deletion", ["confirmed": "yes"])
            #expect(try await cloud.get("/v1/cost-views/\(id)", as: cloud.home.liveKey).status == 404)
        }
    }

    @Test func `is refused from elsewhere`() async throws {
        try await Installation.run { cloud in
            let browser = try await Browser.signedIn(cloud)
            try await browser.go("/app/costs/views/new")
            #expect(try await browser.submit("/app/costs/views", Self.form.merging(["form_token": "x"]) { $1 }).status == 403)
            #expect(try await browser.submit("/app/costs/views", Self.form, origin: ["Sec-Fetch-Site": "cross-site"]).status == 403)
            #expect(try await cloud.get("/v1/cost-views", as: cloud.home.liveKey).items.count == 1)
        }
    }
}

@Suite struct `The page of imported bills` {
    private static let path = "/app/costs/imports"

    @Test func `takes a bill once, and shows what became of it`() async throws {
        try await Installation.run { cloud in
            let browser = try await Browser.signedIn(cloud)
            try await browser.go(Self.path)
            let fields = [
                "name": "", "replaces": "period", "form_token": browser.hidden("form_token") ?? "", "once": browser.hidden("once") ?? "",
            ]
            let taken = try await browser.upload(Self.path, fields, file: SmallBill.usual.text, named: "march.csv")
            #expect(taken.status == 303)
            _ = try await browser.upload(Self.path, fields, file: SmallBill.usual.text, named: "march.csv")
            let imports = try await cloud.get("/v1/costs/imports", as: cloud.home.liveKey).items
            #expect(imports.count == 1 && imports.first?["name"] == "march.csv")
            #expect(imports.first?["rows"] == 5)
            try await browser.go(Self.path)
            #expect(browser.page.contains("march.csv") && browser.page.contains("Succeeded"))
            let id = imports.first?["id"]?.string ?? ""
            try await browser.submit("\(Self.path)/\(id)/deletion", ["confirmed": "yes"])
            #expect(try await cloud.get("/v1/costs/imports/\(id)", as: cloud.home.liveKey).status == 404)
        }
    }

    @Test func `names line and column of what is wrong`() async throws {
        try await Installation.run { cloud in
            let browser = try await Browser.signedIn(cloud)
            try await browser.go(Self.path)
            let bad = SmallBill(rows: [
                .init(day: 2, service: "EC2", region: "eu", cost: "1"), .init(day: 3, service: "EC2", region: "eu", cost: "much"),
            ])
            _ = try await browser.upload(Self.path, [:], file: bad.text, named: "bad.csv")
            try await browser.go(Self.path)
            #expect(browser.page.contains("Line 3, column BilledCost"))
        }
    }

    @Test func `refuses what is no such form, has no file, or comes from elsewhere`() async throws {
        try await Installation.run { cloud in
            let browser = try await Browser.signedIn(cloud)
            try await browser.go(Self.path)
            #expect(try await browser.upload(Self.path, [:], file: "x", named: "x.csv", isOurs: false).status == 403)
            try await browser.go(Self.path)
            #expect(try await browser.upload(Self.path, [:], file: "", named: "").status == 422)
            #expect(try await browser.submit(Self.path, [:], token: false).status == 415)
            #expect(try await browser.send(Self.path, "--x\r\nnothing", type: "multipart/form-data; boundary=x").status == 422)
            #expect(try await browser.send(Self.path, "", type: "multipart/form-data; boundary=x").status == 422)
            // What stands before the file is held, and has a limit: in one field, in several, and in a head without end.
            let long = String(repeating: "x", count: 70_000)
            #expect(try await browser.upload(Self.path, ["note": long], file: "x", named: "x.csv").status == 413)
            let parts = Dictionary(uniqueKeysWithValues: (0..<8).map { ("note\($0)", String(repeating: "x", count: 9_000)) })
            #expect(try await browser.upload(Self.path, parts, file: "x", named: "x.csv").status == 413)
            #expect(try await browser.send(Self.path, "--x\r\nA: " + long, type: "multipart/form-data; boundary=x").status == 413)
            #expect(try await cloud.get("/v1/costs/imports", as: cloud.home.liveKey).items.isEmpty)
        }
    }
}
