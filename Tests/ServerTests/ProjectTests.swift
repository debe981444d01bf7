import HTTPTypes
import Kernel
import Server
import TestKit
import Testing

@Suite struct `Projects` {
    @Test func `are made, read, changed and listed`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let made = try await cloud.post("/v1/projects", as: key, ["name": "Core Platform", "env": "staging", "quota_requests": 100])
                .expecting(201)
            let path = "/v1/projects/" + made.text("id")
            #expect(made.header("Location") == path && made.text("status") == "active" && made["requests_24h"] == 0)
            #expect(made.text("account_id") == cloud.home.account.rawValue && made.text("created_at") == "2026-03-10T12:34:56Z")
            cloud.clock.advance(seconds: 1)
            let changed = try await cloud.patch(path, as: key, ["description": "x", "quota_requests": nil]).expecting(200)
            #expect(changed["quota_requests"] == .null && changed.text("description") == "x" && changed.text("env") == "staging")
            #expect(changed.text("updated_at") == "2026-03-10T12:34:57Z")
            #expect(try await cloud.get(path, as: key).json.members == changed.json.members)
            #expect(try await Set(cloud.get("/v1/projects", as: key).ids) == [cloud.home.project.rawValue, made.text("id")])
        }
    }

    @Test func `are archived, refuse changes, and come back`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let path = "/v1/projects/\(cloud.home.project)"
            for _ in 0..<2 { #expect(try await cloud.delete(path, as: key).expecting(200).text("status") == "archived") }
            #expect(try await cloud.patch(path, as: key, ["description": "x"]).code == "project_archived")
            #expect(try await cloud.makeKey([:]).code == "project_archived")
            #expect(try await cloud.get(path, as: cloud.home.projectKey).text("status") == "archived")
            let restored = try await cloud.patch(path, as: key, ["status": "active", "description": "back"]).expecting(200)
            #expect(restored.text("status") == "active" && restored.text("description") == "back")
            let types = try await cloud.events().compactMap { $0["type"]?.string }
            #expect(types.filter { $0.hasPrefix("project.") } == ["project.created", "project.archived", "project.restored"])
        }
    }

    @Test func `are changed only as they were last seen, when that is asked for`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let path = "/v1/projects/\(cloud.home.project)"
            let seen = try await cloud.get(path, as: key).header("ETag") ?? ""
            let first = try await cloud.patch(path, as: key, ["description": "1"], headers: ["If-Match": seen]).expecting(200)
            let second = try await cloud.patch(path, as: key, ["description": "2"], headers: ["If-Match": seen])
            #expect(second.status == 412 && second.code == "precondition_failed")
            #expect(try await cloud.delete(path, as: key, headers: ["If-Match": seen]).status == 412)
            let now = first.header("ETag") ?? ""
            #expect(now != seen)
            for match in ["\"v999\", \(now)", "*"] {
                #expect(
                    try await cloud.patch(path, as: key, ["description": "same"], headers: ["If-Match": match]).status == 200, "\(match)")
            }
            let weak = "W/" + (try await cloud.get(path, as: key).header("ETag") ?? "")
            #expect(try await cloud.patch(path, as: key, ["description": "3"], headers: ["If-Match": weak]).status == 412)
            #expect(try await cloud.get(path, as: key).text("description") == "same")
        }
    }

    @Test func `have no quota above their account's`() async throws {
        try await Installation.run { cloud in
            let over = try await cloud.post("/v1/projects", as: cloud.home.liveKey, ["name": "x", "quota_requests": 1_000_001])
            #expect(over.status == 422 && over["errors"]?.array?.first?["pointer"] == "/quota_requests")
            let body: JSON = ["name": "x", "quota_requests": 1_000_000]
            let path = "/v1/projects/" + (try await cloud.post("/v1/projects", as: cloud.home.liveKey, body).expecting(201).text("id"))
            let small = try await cloud.post("/v1/accounts", as: cloud.home.liveKey, ["name": "Small", "quota_requests": 10]).expecting(201)
            let moved = try await cloud.patch(path, as: cloud.home.liveKey, ["account_id": .string(small.text("id"))])
            #expect(moved.status == 422)
            let fitting: JSON = ["account_id": .string(small.text("id")), "quota_requests": 10]
            #expect(try await cloud.patch(path, as: cloud.home.liveKey, fitting).status == 200)
        }
    }

    @Test func `let viewers read, editors change and admins rule`() async throws {
        try await Installation.run { cloud in
            let path = "/v1/projects/\(cloud.home.project)"
            let somebody = try await cloud.makeMember("guest@home.example", of: cloud.home, role: nil)
            for (role, change, member, key) in [("viewer", 403, 403, 403), ("editor", 200, 403, 403), ("admin", 200, 200, 201)] {
                let session = try await cloud.makeMember("\(role)@home.example", of: cloud.home, role: role).session
                #expect(try await cloud.get(path, as: session).status == 200)
                #expect(try await cloud.patch(path, as: session, ["description": "x"]).status == change, "\(role)")
                let membership = path + "/members/" + somebody.id
                #expect(try await cloud.put(membership, as: session, ["role": "viewer"]).status == member, "\(role)")
                let body: JSON = ["project_id": .string(cloud.home.project.rawValue)]
                #expect(try await cloud.post("/v1/keys", as: session, body).status == key, "\(role)")
                #expect(try await cloud.post("/v1/projects", as: session, ["name": "x"]).status == 403, "\(role)")
            }
            #expect(try await cloud.get(path, as: somebody.session).status == 200)
        }
    }

    @Test func `are not there for members of others`() async throws {
        try await Installation.run { cloud in
            let other = try await cloud.post("/v1/projects", as: cloud.home.liveKey, ["name": "Other"]).expecting(201).text("id")
            let member = try await cloud.makeMember("mel@home.example", of: cloud.home, role: "admin")
            #expect(try await cloud.get("/v1/projects", as: member.session).ids == [cloud.home.project.rawValue])
            #expect(try await cloud.get("/v1/projects/" + other, as: member.session).code == "not_found")
            #expect(try await cloud.get("/v1/projects/\(other)/members", as: member.session).code == "not_found")
            let body: JSON = ["project_id": .string(other)]
            #expect(try await cloud.post("/v1/keys", as: member.session, body).code == "not_found")
            #expect(try await cloud.get("/v1/accounts", as: member.session).ids == [cloud.home.account.rawValue])
        }
    }

    @Test func `list their members, workspace admins among them`() async throws {
        try await Installation.run { cloud in
            let path = "/v1/projects/\(cloud.home.project)/members"
            let member = try await cloud.makeMember("mel@home.example", of: cloud.home, role: "editor")
            let listed = try await cloud.get(path, as: cloud.home.liveKey).items
            #expect(listed.map { $0["email"] } == ["ada@home.example", "mel@home.example"])
            #expect(listed.map { $0["role"] } == ["admin", "editor"] && listed.map { $0["inherited"] } == [true, false])
            #expect(try await Set(cloud.get("/v1/users", as: cloud.home.projectKey).ids) == [cloud.home.user.rawValue, member.id])
            _ = try await cloud.delete(path + "/" + member.id, as: cloud.home.liveKey).expecting(204)
            #expect(try await cloud.delete(path + "/" + member.id, as: cloud.home.liveKey).code == "not_found")
            #expect(try await cloud.get("/v1/projects", as: member.session).ids == [])
        }
    }
}

@Suite struct `Accounts` {
    @Test func `are made, changed and deleted while no project uses them`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let made = try await cloud.post("/v1/accounts", as: key, ["name": "Payments", "quota_requests": 10]).expecting(201)
            let path = "/v1/accounts/" + made.text("id")
            #expect(made["is_default"] == false && made["included_requests"] == .null && made.header("Location") == path)
            let project = try await cloud.post("/v1/projects", as: key, ["name": "x", "account_id": .string(made.text("id"))]).expecting(
                201)
            let refused = try await cloud.delete(path, as: key)
            #expect(refused.status == 409 && refused.code == "account_in_use")
            let moved: JSON = ["account_id": .string(cloud.home.account.rawValue)]
            _ = try await cloud.patch("/v1/projects/" + project.text("id"), as: key, moved).expecting(200)
            #expect(try await cloud.delete(path, as: key, headers: ["If-Match": "\"v9\""]).status == 412)
            _ = try await cloud.delete(path, as: key).expecting(204)
            #expect(try await cloud.get(path, as: key).code == "not_found")
        }
    }

    @Test func `take whole numbers however they are written`() async throws {
        try await Installation.run { cloud in
            let path = "/v1/accounts/\(cloud.home.account)"
            let body = Array(#"{"quota_requests":1e3,"included_requests":500.0}"#.utf8)
            let reply = try await cloud.send(.patch, path, as: cloud.home.liveKey, body).expecting(200)
            #expect(reply["quota_requests"] == 1000 && reply["included_requests"] == 500)
        }
    }

    @Test func `keep the default one`() async throws {
        try await Installation.run { cloud in
            let reply = try await cloud.delete("/v1/accounts/\(cloud.home.account)", as: cloud.home.liveKey)
            #expect(reply.status == 409 && reply.code == "account_in_use")
        }
    }
}
