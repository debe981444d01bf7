import Costs
import Kernel
import Server
import Storage
import TestKit
import Testing

@Suite struct `Savings opportunities` {
    private static let path = "/cost-optimization/opportunities/list"

    private static func volume(_ record: String = "vol-0c2aecd978c03dd7a", _ impact: ExactDecimal = ExactDecimal("125.78") ?? 0) -> Finding
    {
        var finding = Finding(source: "Cloudthread", type: "EBS_STOPPED_INSTANCE", recordID: record, impact: impact)
        finding.place.platform = "AWS"
        finding.place.account = "012345678901"
        finding.place.region = "us-east-1"
        finding.place.service = "Amazon EC2"
        finding.place.category = "EBS Attached To Stopped Instance"
        finding.place.tags = ["team": "payments", "env": "prod"]
        return finding
    }

    private static func record(_ finding: Finding, in cloud: Installation) async throws {
        try await cloud.store.write { connection in
            let by = Attribution(
                tenant: Tenant(workspace: cloud.home.workspace, mode: .live), actor: .system("opportunities"), address: nil, request: nil,
                surroundings: cloud.parts.surroundings)
            try Opportunity.record(finding, by: by, connection)
        }
    }

    @Test func `are listed as documented, the largest first`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            #expect(try await cloud.post(Self.path, as: key).expecting(200).json == [])
            try await Self.record(Self.volume("vol-small", 1), in: cloud)
            try await Self.record(Self.volume(), in: cloud)
            try await Self.record(Self.volume("vol-twin", 1), in: cloud)
            let seen = try await cloud.post(Self.path, as: key, [:]).expecting(200).json.array ?? []
            #expect(seen.map { $0["record_id"]?.string } == ["vol-0c2aecd978c03dd7a", "vol-small", "vol-twin"])
            let first = try #require(seen.first)
            #expect(first["id"] == 2 && first["source"] == "Cloudthread" && first["status"] == "Open")
            #expect(first["cost_impact"] == .double(125.78) && first["opportunity_type_id"] == "EBS_STOPPED_INSTANCE")
            let details = try #require(first["opportunity_details"])
            #expect(details["platform"] == "AWS" && details["account"] == "012345678901" && details["difficulty"] == "Easy")
            #expect(details["yearly"] == .double(1509.36) && details["monthly"] == .double(125.78))
            #expect(first["created_at"] == JSON(cloud.clock.now) && first["thread_id"] == nil && first["github_pr_key"] == nil)
        }
    }

    @Test func `are found by every filter, all of which must hold`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            try await Self.record(Self.volume(), in: cloud)
            cloud.clock.advance(seconds: 3 * 86_400)
            var idle = Finding(source: "AWS Compute Optimizer", type: "IDLE", recordID: "i-1", impact: 10)
            idle.details = ["description": "idle"]
            (idle.priority, idle.secondaryID) = (2, 77)
            try await Self.record(idle, in: cloud)
            let today = JSON.string(cloud.clock.now.dateText)
            let before = JSON.string(cloud.clock.now.adding(days: -1).dateText)
            func found(_ body: JSON) async throws -> [Int64?] {
                let reply = try await cloud.post(Self.path, as: key, body).expecting(200)
                return (reply.json.array ?? []).map { $0["id"]?.integer }
            }
            let first: [JSON] = [
                ["opportunity_type_id": "EBS_STOPPED_INSTANCE"], ["account": "012345678901"], ["region": "us-east-1"],
                ["service": "Amazon EC2"], ["category": "ebs attached to stopped instance"], ["record_id": "vol-0c2aecd978c03dd7a"],
                ["source": "Cloudthread"], ["tags": [["Key": "team", "Value": "payments"], ["Key": "env"]]], ["details": false],
                ["last_detected_end_date": before], ["status_updated_end_date": before], ["status": "OPEN", "service": "Amazon EC2"],
            ]
            for body in first { #expect(try await found(body) == [1], "\(body)") }
            let second: [JSON] = [
                ["details": true], ["priority": 2], ["secondary_id": 77],
                ["last_detected_start_date": today, "last_detected_end_date": today],
                ["status_updated_start_date": today],
            ]
            for body in second { #expect(try await found(body) == [2], "\(body)") }
            for body: JSON in [["status": "open"], ["code_automation": false], ["unheard": 1], [:]] {
                #expect(try await found(body) == [1, 2], "\(body)")
            }
            let none: [JSON] = [
                ["status": "in_progress"], ["status": "unheard"], ["service": "amazon ec2"], ["tags": [["Key": "team", "Value": "x"]]],
                ["thread_id": 1], ["code_automation": true], ["github_pr_key": "x"], ["priority": 2, "source": "Cloudthread"],
            ]
            for body in none { #expect(try await found(body) == [], "\(body)") }
            for body: JSON in [["status": 1], ["details": "yes"], ["priority": "2"], ["tags": ["x"]], ["last_detected_start_date": "soon"]]
            {
                #expect(try await cloud.post(Self.path, as: key, body).status == 400, "\(body)")
            }
        }
    }

    @Test func `found again keep number, status and beginning`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            try await Self.record(Self.volume(), in: cloud)
            let made = try await cloud.get("/v1/opportunities/1", as: key).expecting(200)
            cloud.clock.advance(seconds: 86_400)
            _ = try await cloud.patch("/v1/opportunities/1", as: key, ["status": "Archived"]).expecting(200)
            cloud.clock.advance(seconds: 86_400)
            try await Self.record(Self.volume("vol-0c2aecd978c03dd7a", 130), in: cloud)
            let again = try await cloud.get("/v1/opportunities/1", as: key).expecting(200)
            #expect(again.text("status") == "Archived" && again.text("monthly_savings") == "130")
            #expect(again["created_at"] == made["created_at"] && again["last_detected_at"] == JSON(cloud.clock.now))
            #expect(again["status_updated_at"] == JSON(cloud.clock.now.adding(days: -1)))
            #expect(try await cloud.get("/v1/opportunities", as: key).items.count == 1)
            _ = try await cloud.patch("/v1/opportunities/1", as: key, ["status": "Open"]).expecting(200)
            _ = try await cloud.patch("/v1/opportunities/1", as: key, ["status": "Done"]).expecting(200)
            #expect(try await cloud.patch("/v1/opportunities/1", as: key, ["status": "Open"]).code == "invalid_state")
            #expect(try await cloud.delete("/v1/opportunities/1", as: key).code == "invalid_state", "it was detected")
        }
    }

    @Test func `are written down by hand, and deleted`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let body: JSON = ["type": "LICENCES", "monthly_savings": "99.50", "description": "Too many seats", "difficulty": "Medium"]
            let made = try await cloud.post("/v1/opportunities", as: key, body).expecting(201)
            #expect(made["manual"] == true && made["details"] == ["description": "Too many seats"] && made.text("source") == "Custom")
            #expect(made.text("monthly_savings") == "99.5")
            let listed = try await cloud.post(Self.path, as: key).json.array?.first
            #expect(listed?["opportunity_details"]?["type"] == "Custom")
            for amount: JSON in ["x", "-1", "", 5] {
                #expect(try await cloud.post("/v1/opportunities", as: key, ["type": "x", "monthly_savings": amount]).status == 422)
            }
            for _ in 0..<4 { _ = try await cloud.post("/v1/opportunities", as: key, ["type": "x", "monthly_savings": "1"]).expecting(201) }
            let page = try await cloud.get("/v1/opportunities?limit=3", as: key).expecting(200)
            let rest = try await cloud.get("/v1/opportunities?limit=3&cursor=\(page.text("next_cursor"))", as: key).expecting(200)
            #expect((page.items + rest.items).compactMap { $0["id"]?.integer } == [1, 2, 3, 4, 5] && rest["next_cursor"] == .null)
            _ = try await cloud.delete("/v1/opportunities/1", as: key).expecting(204)
            #expect(try await cloud.get("/v1/opportunities/1", as: key).status == 404)
            #expect(try await cloud.get("/v1/opportunities/x", as: key).status == 404)
            #expect(try await cloud.get("/v1/opportunities/2", as: cloud.home.testKey).status == 404)
        }
    }

    @Test func `go along with the thread they are in`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            for record in ["a", "b"] { try await Self.record(Self.volume(record, 10), in: cloud) }
            let thread = try await cloud.post("/v1/opportunity-threads", as: key, ["name": "Disks"]).expecting(201)
            #expect(thread["id"] == 1 && thread["difficulty"] == .null && thread.text("monthly_savings") == "0")
            for id in 1...2 { _ = try await cloud.patch("/v1/opportunities/\(id)", as: key, ["thread_id": 1]).expecting(200) }
            #expect(try await cloud.patch("/v1/opportunities/1", as: key, ["thread_id": 9]).status == 422)
            #expect(try await cloud.patch("/v1/opportunities/1", as: key, ["status": "Done"]).code == "invalid_state")
            func statuses() async throws -> [String] {
                try await cloud.get("/v1/opportunities?sort=-monthly_savings", as: key).items.compactMap { $0["status"]?.string }
            }
            #expect(try await statuses() == ["Assigned", "Assigned"])
            let moved = try await cloud.patch("/v1/opportunity-threads/1", as: key, ["status": "Implementation"]).expecting(200)
            #expect(moved.text("monthly_savings") == "20" && moved["opportunity_ids"] == [1, 2] && moved.text("difficulty") == "Easy")
            #expect(try await statuses() == ["In Progress", "In Progress"])
            let left = try await cloud.patch("/v1/opportunities/2", as: key, ["thread_id": nil]).expecting(200)
            #expect(left.text("status") == "Open" && left["thread_id"] == .null)
            _ = try await cloud.patch("/v1/opportunity-threads/1", as: key, ["status": "Rejected"]).expecting(200)
            #expect(try await statuses() == ["Archived", "Open"])
            #expect(try await cloud.post(Self.path, as: key, ["thread_id": 1]).json.array?.first?["thread_id"] == 1)
            _ = try await cloud.delete("/v1/opportunity-threads/1", as: key).expecting(204)
            #expect(try await statuses() == ["Open", "Open"])
        }
    }

    @Test func `are seen through the filter of a member's teams`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let bob = try await cloud.makeMember("bob@home.example", of: cloud.home, role: "viewer")
            var urgent = Self.volume("vol-urgent", 5)
            urgent.priority = 1
            var own = Finding(source: "CloudAPI", type: "IDLE", recordID: "inst_x", impact: 1)
            own.place.project = cloud.home.project
            for finding in [Self.volume(), urgent, own] { try await Self.record(finding, in: cloud) }
            func seen(_ secret: String) async throws -> [String?] {
                (try await cloud.post(Self.path, as: secret).expecting(200).json.array ?? []).map { $0["record_id"]?.string }
            }
            #expect(try await seen(bob.session).count == 3)
            #expect(try await seen(cloud.home.projectKey) == ["inst_x"])
            _ = try await cloud.post("/teams", as: key, ["id": "7", "name": "x", "aws_account_ids": ["012345678901"]]).expecting(200)
            _ = try await cloud.post("/teams/7/members/assign", as: key, ["users_ids": [.string(bob.id)]]).expecting(200)
            #expect(try await seen(bob.session) == ["vol-0c2aecd978c03dd7a", "vol-urgent"])
            _ = try await cloud.patch("/teams/7", as: key, ["opportunity_priorities": [1]]).expecting(200)
            #expect(try await seen(bob.session) == ["vol-urgent"])
            #expect(try await cloud.get("/v1/opportunities/1", as: bob.session).status == 404)
            _ = try await cloud.patch("/teams/7", as: key, ["aws_region_names": ["eu-west-1"]]).expecting(200)
            #expect(try await seen(bob.session) == [])
            #expect(try await seen(key).count == 3)
        }
    }
}
