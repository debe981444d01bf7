import Kernel
import Server
import TestKit
import Testing

@Suite struct `A plan that somebody has to approve` {
    private static let members: JSON = [["key": "web", "kind": "instance", "spec": ["size": "s-1"]]]

    /// A project in production, a policy with that rule, and two admins of it beside the one who set it up.
    private struct Team {
        let cloud: Cloud
        let project: String
        let policy: String
        let maker: (id: String, session: String)
        let other: (id: String, session: String)

        static func make(_ installation: Installation, _ rule: JSON = ["type": "approval"]) async throws -> Team {
            let cloud = try await Cloud.connect(installation)
            let project = try await cloud.post("/v1/projects", ["name": "Shop", "env": "prod"]).expecting(201).text("id")
            let policy = try await cloud.policy(rule, [.init("environments", ["prod"])]).text("id")
            let maker = try await installation.makeMember("ann@home.example", of: installation.home, role: nil)
            let other = try await installation.makeMember("ben@home.example", of: installation.home, role: nil)
            for (id, role) in [(maker.id, "admin"), (other.id, "admin")] {
                _ = try await installation.put(
                    "/v1/projects/\(project)/members/\(id)", as: installation.home.sessionToken, ["role": .string(role)]
                ).expecting(200)
            }
            return Team(cloud: cloud, project: project, policy: policy, maker: maker, other: other)
        }

        func plan(_ members: JSON = PlanApproval.members, named name: String = "shop") async throws -> Reply {
            try await cloud.installation.post(
                "/v1/plans", as: maker.session, ["name": .string(name), "project_id": .string(project), "resources": members]
            ).expecting(201)
        }

        func approve(_ plan: Reply, as secret: String) async throws -> Reply {
            try await cloud.installation.post("/v1/plans/\(plan.text("id"))/approve", as: secret)
        }

        func apply(_ plan: Reply, _ body: JSON = .object([])) async throws -> Reply {
            try await cloud.installation.post("/v1/plans/\(plan.text("id"))/apply", as: maker.session, body)
        }
    }

    private typealias PlanApproval = `A plan that somebody has to approve`

    @Test func `is applied once another admin has approved it, and the log and the report say who`() async throws {
        try await Installation.run { installation in
            let team = try await Team.make(installation)
            let plan = try await team.plan()
            #expect(plan["requires_approval"] == true && plan["approval"]?["approved_by"] == .null)
            #expect(plan["approval"]?["reasons"]?.array?.first?["policy_id"]?.string == team.policy)
            let early = try await team.apply(plan).expecting(403)
            #expect(early.code == "policy_denied" && early["policy_id"]?.string == team.policy)
            #expect(try await team.approve(plan, as: team.maker.session).expecting(403).code == "forbidden")
            #expect(try await team.approve(plan, as: team.cloud.key).expecting(403).code == "forbidden", "a key is nobody")
            let editor = try await installation.makeMember("cy@home.example", of: installation.home, role: nil)
            _ = try await installation.put(
                "/v1/projects/\(team.project)/members/\(editor.id)", as: installation.home.sessionToken, ["role": "editor"]
            ).expecting(200)
            #expect(try await team.approve(plan, as: editor.session).expecting(403).code == "forbidden")
            let approved = try await team.approve(plan, as: team.other.session).expecting(200)
            #expect(approved["approval"]?["approved_by"]?.string == team.other.id && approved["approval"]?["approved_at"] != .null)
            #expect(try await team.approve(plan, as: team.other.session).expecting(200).json == approved.json)
            #expect(try await team.cloud.events("plan.approved", of: plan.text("id")) == 1)
            _ = try await team.apply(plan).expecting(202)
            try await team.cloud.carryOut()
            #expect(try await team.cloud.get("/v1/stacks/\(plan.text("stack_id"))")["status"] == "ready")

            installation.clock.advance(seconds: 1)
            let period: JSON = ["from": "2026-03-01T00:00:00Z", "to": .string(installation.clock.now.description)]
            let report = try await team.cloud.post("/v1/compliance/reports", period).expecting(201).text("id")
            let content = try await team.cloud.get("/v1/compliance/reports/\(report)/content?format=json").expecting(200)
            let sections = content["sections"]?.array ?? []
            func rows(_ name: String) -> [JSON] { sections.first { $0["name"]?.string == name }?["rows"]?.array ?? [] }
            let applied = rows("change_log").first { $0["type"] == "plan.applied" }
            #expect(applied?["plan_id"]?.string == plan.text("id") && applied?["approved_by"]?.string == team.other.id)
            #expect(rows("exceptions").contains { $0["type"] == "plan.approved" && $0["actor_id"]?.string == team.other.id })
        }
    }

    @Test func `is one that destroys data or costs too much, where the policy says so, and no other`() async throws {
        try await Installation.run { installation in
            let team = try await Team.make(installation, ["type": "approval", "destroys_data": true, "monthly_cost_above": "20"])
            let cheap = try await team.plan([["key": "data", "kind": "volume", "spec": ["size_gib": 20]]])
            #expect(cheap["requires_approval"] == false && cheap["approval"] == .null)
            let vain = try await team.approve(cheap, as: team.other.session).expecting(409)
            #expect(vain.code == "invalid_state")
            _ = try await team.apply(cheap).expecting(202)
            try await team.cloud.carryOut()
            let losing = try await team.plan([["key": "data", "kind": "volume", "spec": ["size_gib": 10]]])
            #expect(losing["requires_approval"] == true)
            #expect(losing["approval"]?["reasons"]?.array?.first?["detail"]?.string?.contains("data") == true)
            let dear = try await team.plan(
                [
                    ["key": "data", "kind": "volume", "spec": ["size_gib": 20]],
                    ["key": "web", "kind": "instance", "spec": ["size": "s-4"]],
                ])
            #expect(dear["approval"]?["reasons"]?.array?.first?["detail"]?.string?.contains("20.44") == true, "0.0280 × 730")
            // Elsewhere than in production nobody is asked.
            let lab = try await team.cloud.post("/v1/projects", ["name": "Lab", "env": "dev"]).expecting(201).text("id")
            let web: JSON = ["key": "web", "kind": "instance", "spec": ["size": "s-4"]]
            let free = try await team.cloud.post(
                "/v1/plans", ["name": "free", "project_id": .string(lab), "resources": [web]]
            ).expecting(201)
            #expect(free["requires_approval"] == false)
        }
    }

    @Test func `can be approved for as long as it is good`() async throws {
        try await Installation.run { installation in
            let team = try await Team.make(installation)
            let plan = try await team.plan()
            installation.clock.advance(seconds: 3600)
            #expect(try await team.approve(plan, as: team.other.session).expecting(409).code == "plan_stale")
        }
    }

    @Test func `stays approved when applying it failed, and what is left is applied`() async throws {
        try await Installation.run { installation in
            let team = try await Team.make(installation)
            let flaky: JSON = ["latency_ms": 0, "faults": [["step": "create", "kind": "rejected"]]]
            _ = try await Cloud.connect(installation, flaky, name: "flaky")
            let plan = try await team.plan([["key": "web", "kind": "instance", "provider": "flaky", "spec": ["size": "s-1"]]])
            _ = try await team.approve(plan, as: team.other.session).expecting(200)
            _ = try await team.apply(plan).expecting(202)
            try await team.cloud.carryOut()
            #expect(try await team.cloud.get("/v1/stacks/\(plan.text("stack_id"))")["status"] == "failed")
            _ = try await team.apply(plan).expecting(202)
            try await team.cloud.carryOut()
            #expect(try await team.cloud.get("/v1/stacks/\(plan.text("stack_id"))")["status"] == "ready")
            #expect(try await team.approve(plan, as: team.other.session).expecting(200)["state"] == "applied")
        }
    }

    @Test func `may be made by a key, as a pipeline does, and is seen by nobody elsewhere`() async throws {
        try await Installation.run { installation in
            let team = try await Team.make(installation)
            let body: JSON = ["name": "shop", "project_id": .string(team.project), "resources": Self.members]
            let plan = try await team.cloud.post("/v1/plans", body).expecting(201)
            let away = try await installation.makeWorkspace()
            #expect(try await team.approve(plan, as: away.sessionToken).status == 404)
            #expect(try await team.approve(plan, as: installation.home.testKey).status == 404)
            _ = try await team.approve(plan, as: team.maker.session).expecting(200)
            _ = try await team.cloud.apply(plan).expecting(202)
        }
    }
}
