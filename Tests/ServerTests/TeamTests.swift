import HTTPTypes
import Kernel
import Server
import TestKit
import Testing

/// The pairs of request and answer in the documents of the Cloudthread API, and what follows from them.
@Suite struct `Teams` {
    private static let payments: JSON = [
        "id": "7", "name": "Payments", "aws_account_ids": ["012345678901"], "aws_tags": [["Key": "team", "Value": "payments"]],
        "opportunity_priorities": [1, 2],
    ]

    @Test func `are made, read, changed and deleted as documented`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let made = try await cloud.post("/teams", as: key, Self.payments).expecting(200)
            #expect(made.json == Self.payments.shown)
            #expect(try await cloud.get("/teams", as: key).json == [Self.payments.shown])
            #expect(try await cloud.get("/teams/7", as: key).json == Self.payments.shown)
            let changed = try await cloud.patch("/teams/7", as: key, ["name": "Payments EU", "aws_region_names": ["eu-west-1"]])
            #expect(changed.status == 200 && changed.text("name") == "Payments EU")
            #expect(changed["aws_region_names"] == ["eu-west-1"] && changed["opportunity_priorities"] == [1, 2])
            _ = try await cloud.delete("/teams/7", as: key).expecting(204)
            #expect(try await cloud.delete("/teams/7", as: key).code == "not_found")
            #expect(try await cloud.get("/teams", as: key).json == [])
            let types = try await cloud.get("/v1/events?type=team.*&limit=100", as: key).items.compactMap { $0["type"]?.string }
            #expect(types == ["team.deleted", "team.updated", "team.created"])
        }
    }

    @Test func `have an id of the caller's own, as text or as an integer`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            #expect(
                try await cloud.post("/teams", as: key, ["id": 8, "name": "Eight", "aws_account_ids": [12_345_678_901]]).text("id") == "8")
            #expect(try await cloud.get("/teams/8", as: key)["aws_account_ids"] == ["012345678901"])
            let twin = try await cloud.post("/teams", as: key, ["id": "8", "name": "Other"])
            #expect(twin.status == 400 && twin["errors"]?.array?.first?["code"] == "taken")
            #expect(try await cloud.get("/teams/8", as: key).text("name") == "Eight")
            for body: JSON in [
                ["id": "9"], ["name": "x"], [:], ["id": true, "name": "x"], ["id": "", "name": "x"], ["id": "9", "name": 7],
            ] {
                #expect(try await cloud.post("/teams", as: key, body).status == 400, "\(body)")
            }
            _ = try await cloud.post("/teams", as: key, ["id": "a/b c", "name": "Odd"]).expecting(200)
            #expect(try await cloud.get("/teams/a%2Fb%20c", as: key).text("id") == "a/b c")
        }
    }

    @Test func `keep what a change does not name, and answer only what was set`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            _ = try await cloud.post("/teams", as: key, Self.payments).expecting(200)
            #expect(try await cloud.call(.patch, "/teams/7", as: key).json == Self.payments.shown)
            #expect(try await cloud.patch("/teams/7", as: key, [:]).json == Self.payments.shown)
            #expect(try await cloud.patch("/teams/7", as: key, ["id": 7, "colour": "red"]).json == Self.payments.shown)
            #expect(try await cloud.patch("/teams/7", as: key, ["id": "8"]).status == 400)
            let emptied = try await cloud.patch("/teams/7", as: key, ["aws_tags": [], "gcp_labels": [["Env": "prod"], ["KEY": "a"]]])
            #expect(emptied["aws_tags"] == [] && emptied["gcp_labels"] == [["Env": "prod"], ["KEY": "a"]])
            for body: JSON in [["aws_tags": "x"], ["aws_tags": [["a": ["b"]]]], ["name": nil], ["opportunity_priorities": ["high"]]] {
                #expect(try await cloud.patch("/teams/7", as: key, body).status == 400, "\(body)")
            }
            #expect(try await cloud.patch("/teams/8", as: key, [:]).status == 404)
            let events = try await cloud.get("/v1/events?type=team.updated&limit=100", as: key).items
            #expect(events.count == 1, "what changes nothing is not told")
        }
    }

    @Test func `post to Slack once it is connected`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let body: JSON = ["id": "7", "name": "Payments", "slack_channel": "#payments"]
            #expect(try await cloud.post("/teams", as: key, body).status == 404)
            #expect(try await cloud.get("/teams/7", as: key).status == 404)
            _ = try await cloud.post("/teams", as: key, ["id": "7", "name": "Payments", "slack_channel": nil]).expecting(200)
            #expect(try await cloud.patch("/teams/7", as: key, ["slack_channel": "#payments"]).status == 404)
            _ = try await cloud.put("/v1/channels/slack", as: key, ["url": "https://hooks.slack.example/services/x"]).expecting(200)
            #expect(try await cloud.patch("/teams/7", as: key, ["slack_channel": "#payments"]).text("slack_channel") == "#payments")
            _ = try await cloud.delete("/v1/channels/slack", as: key)
            #expect(try await cloud.patch("/teams/7", as: key, ["name": "Other"]).text("slack_channel") == "#payments")
            #expect(try await cloud.patch("/teams/7", as: key, ["slack_channel": ""]).json["slack_channel"] == nil)
        }
    }

    @Test func `have members, whose list every change answers`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let ada = cloud.home.user.rawValue
            let bob = try await cloud.makeMember("bob@home.example", of: cloud.home, role: nil).id
            _ = try await cloud.post("/teams", as: key, Self.payments).expecting(200)
            #expect(try await cloud.get("/teams/7/members", as: key).json == [])
            let both = try await cloud.post("/teams/7/members/assign", as: key, ["users_ids": [.string(ada), .string(bob)]]).expecting(200)
            #expect(both.json.array?.compactMap { $0["id"]?.string } == [ada, bob].sorted())
            #expect(both.json.array?.first?.members?.map(\.name) == ["id", "email", "name"])
            let again = try await cloud.post("/teams/7/members/assign", as: key, ["user_ids": [.string(ada)]]).expecting(200)
            #expect(again.json == both.json)
            let unknown: JSON = ["users_ids": [.string(ada), "usr_nobody"]]
            #expect(try await cloud.post("/teams/7/members/delete", as: key, unknown).status == 404)
            #expect(try await cloud.get("/teams/7/members", as: key).json == both.json)
            let left = try await cloud.post("/teams/7/members/delete", as: key, ["users_ids": [.string(bob)]]).expecting(200)
            #expect(left.json.array?.compactMap { $0["id"]?.string } == [ada])
            #expect(try await cloud.post("/teams/7/members/delete", as: key, ["users_ids": [.string(bob)]]).json == left.json)
            for body: JSON in [[:], ["users_ids": "x"], ["users_ids": nil]] {
                #expect(try await cloud.post("/teams/7/members/assign", as: key, body).status == 400, "\(body)")
            }
            #expect(try await cloud.post("/teams/8/members/assign", as: key, ["users_ids": [.string(ada)]]).status == 404)
            _ = try await cloud.delete("/teams/7", as: key).expecting(204)
            #expect(try await cloud.get("/users", as: key).json.array?.count == 2)
        }
    }

    @Test func `are seen by their members, and changed by admins alone`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let bob = try await cloud.makeMember("bob@home.example", of: cloud.home, role: "admin")
            for id: JSON in ["7", "8"] { _ = try await cloud.post("/teams", as: key, ["id": id, "name": "Team"]).expecting(200) }
            _ = try await cloud.post("/teams/7/members/assign", as: key, ["users_ids": [.string(bob.id)]]).expecting(200)
            #expect(try await cloud.get("/teams", as: bob.session).json.array?.compactMap { $0["id"]?.string } == ["7"])
            #expect(try await cloud.get("/teams/8", as: bob.session).status == 404)
            #expect(try await cloud.get("/teams/8/members", as: bob.session).status == 404)
            #expect(try await cloud.patch("/teams/7", as: bob.session, ["name": "x"]).status == 403)
            #expect(try await cloud.post("/teams", as: bob.session, ["id": "9", "name": "x"]).status == 403)
            #expect(try await cloud.get("/teams", as: cloud.home.projectKey).json == [])
            #expect(try await cloud.get("/teams", as: cloud.home.testKey).json == [])
        }
    }
}

extension JSON {
    /// In the order in which a team is written.
    fileprivate var shown: JSON {
        let order = ["id", "name", "aws_account_ids", "aws_region_names", "aws_tags", "opportunity_priorities"]
        return .object((members ?? []).sorted { (order.firstIndex(of: $0.name) ?? 0) < (order.firstIndex(of: $1.name) ?? 0) })
    }
}
