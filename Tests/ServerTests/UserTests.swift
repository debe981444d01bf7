import Kernel
import Server
import Storage
import TestKit
import Testing

@Suite struct `Users` {
    @Test func `are invited, choose a password, and sign in`() async throws {
        try await Installation.run { cloud in
            let invited = try await cloud.post(
                "/v1/users", as: cloud.home.sessionToken, ["email": "Mel@Home.Example", "name": "Mel"]
            ).expecting(201)
            #expect(invited.text("status") == "invited" && invited.text("role") == "member" && invited.text("email") == "mel@home.example")
            let token = invited["invitation"]?["token"]?.string ?? ""
            #expect(token.hasPrefix("inv_"))
            #expect(try await !cloud.get("/v1/users", as: cloud.home.liveKey).text.contains(token))
            #expect(try await cloud.signIn("mel@home.example", "anything at all").status == 401)
            let short = try await cloud.accept(token, password: "too short")
            #expect(short.status == 422)
            let session = try await cloud.accept(token, password: "a password of mine").expecting(201)
            #expect(try await cloud.get("/v1/ping", as: session.text("token")).text("user_id") == invited.text("id"))
            #expect(try await cloud.accept(token, password: "a password of mine").code == "not_found")
            #expect(try await cloud.signIn("MEL@home.example", "a password of mine").status == 201)
            #expect(try await cloud.get("/v1/users/" + invited.text("id"), as: cloud.home.liveKey).text("status") == "active")
            #expect(try await cloud.post("/v1/users", as: cloud.home.sessionToken, ["email": "mel@HOME.example"]).code == "email_taken")
        }
    }

    @Test func `have seven days to answer an invitation`() async throws {
        try await Installation.run { cloud in
            func invitation(_ email: String) async throws -> String {
                let reply = try await cloud.post("/v1/users", as: cloud.home.liveKey, ["email": .string(email)]).expecting(201)
                return reply["invitation"]?["token"]?.string ?? ""
            }
            let (one, other) = (try await invitation("one@home.example"), try await invitation("two@home.example"))
            cloud.clock.advance(seconds: 7 * 86_400 - 1)
            #expect(try await cloud.accept(one).status == 201)
            cloud.clock.advance(seconds: 1)
            #expect(try await cloud.accept(other).code == "not_found")
        }
    }

    @Test func `who are deactivated are out at once, with every session and token`() async throws {
        try await Installation.run { cloud in
            let member = try await cloud.makeMember("mel@home.example", of: cloud.home, role: "editor")
            let token = try await cloud.makeToken(["projects:read"], as: member.session).expecting(201).text("token")
            for secret in [member.session, token] { #expect(try await cloud.get("/v1/projects", as: secret).status == 200) }
            let path = "/v1/users/" + member.id
            _ = try await cloud.patch(path, as: cloud.home.sessionToken, ["status": "deactivated"]).expecting(200)
            for secret in [member.session, token] { #expect(try await cloud.get("/v1/projects", as: secret).code == "credential_invalid") }
            #expect(try await cloud.signIn("mel@home.example").code == "sign_in_failed")
            #expect(try await !cloud.get("/v1/projects/\(cloud.home.project)/members", as: cloud.home.liveKey).text.contains(member.id))
            _ = try await cloud.patch(path, as: cloud.home.sessionToken, ["status": "active"]).expecting(200)
            #expect(try await cloud.get("/v1/projects", as: member.session).status == 401, "what ended stays ended")
            #expect(try await cloud.signIn("mel@home.example").status == 201)
        }
    }

    @Test func `change their rights for the very next request`() async throws {
        try await Installation.run { cloud in
            let member = try await cloud.makeMember("mel@home.example", of: cloud.home, role: nil)
            #expect(try await cloud.get("/v1/projects", as: member.session).ids == [])
            _ = try await cloud.patch("/v1/users/" + member.id, as: cloud.home.sessionToken, ["role": "admin"]).expecting(200)
            #expect(try await cloud.post("/v1/projects", as: member.session, ["name": "x"]).status == 201)
            _ = try await cloud.patch("/v1/users/" + member.id, as: cloud.home.sessionToken, ["role": "member"]).expecting(200)
            #expect(try await cloud.post("/v1/projects", as: member.session, ["name": "x"]).status == 403)
        }
    }

    @Test func `leave at least one admin behind`() async throws {
        try await Installation.run { cloud in
            let path = "/v1/users/\(cloud.home.user)"
            func attempts(as secret: String) async throws -> [Reply] {
                [
                    try await cloud.patch(path, as: secret, ["role": "member"]),
                    try await cloud.patch(path, as: secret, ["status": "deactivated"]),
                    try await cloud.delete(path, as: secret),
                ]
            }
            for reply in try await attempts(as: cloud.home.liveKey) { #expect(reply.status == 409 && reply.code == "last_admin") }
            let invited = try await cloud.post("/v1/users", as: cloud.home.liveKey, ["email": "mel@home.example", "role": "admin"])
                .expecting(201)
            #expect(try await attempts(as: cloud.home.liveKey).allSatisfy { $0.code == "last_admin" }, "who was invited is no admin yet")
            _ = try await cloud.accept(invited["invitation"]?["token"]?.string ?? "").expecting(201)
            #expect(try await cloud.patch(path, as: cloud.home.liveKey, ["role": "member"]).status == 200)
        }
    }

    @Test func `who are erased are gone from the log as well, which still verifies`() async throws {
        try await Installation.run { cloud in
            let email = "mel.anders@home.example"
            let member = try await cloud.makeMember(email, of: cloud.home, role: "editor")
            let path = "/v1/users/" + member.id
            _ = try await cloud.patch(path, as: cloud.home.liveKey, ["name": "Melanie Anders"], headers: ["Idempotency-Key": "k1"])
                .expecting(200)
            #expect(try await cloud.logBytes().contains(email))
            #expect(try await cloud.logBytes().contains("Melanie"))
            #expect(try await cloud.delete(path, as: cloud.home.liveKey, headers: ["Idempotency-Key": "k2"]).status == 204)
            #expect(try await !cloud.logBytes().contains(email))
            #expect(try await !cloud.logBytes().contains("Melanie"))
            let user = try await cloud.get(path, as: cloud.home.liveKey).expecting(200)
            #expect(user.text("status") == "deactivated" && user.text("name") == "" && !user.text.contains("anders"))
            #expect(try await cloud.signIn(email).status == 401)
            #expect(try await cloud.get("/v1/ping", as: member.session).status == 401)
            for tenant in try await cloud.store.read({ try EventLog.tenants($0) }) {
                _ = try await cloud.store.scan { try ChainVerifier.verify(tenant, $0) }
            }
            #expect(try await cloud.post("/v1/users", as: cloud.home.liveKey, ["email": .string(email)]).status == 201)
        }
    }

    @Test func `who erase themselves leave no address behind either`() async throws {
        try await Installation.run(.sockets) { cloud in
            let invited = try await cloud.post("/v1/users", as: cloud.home.liveKey, ["email": "mel@home.example", "role": "admin"])
                .expecting(201)
            let session = try await cloud.accept(invited["invitation"]?["token"]?.string ?? "").expecting(201)
            let id = invited.text("id")
            #expect(try await cloud.personalFields(of: id) > 0)
            #expect(try await cloud.delete("/v1/users/" + id, as: session.text("token")).status == 204)
            #expect(try await cloud.personalFields(of: id) == 0)
        }
    }

    @Test func `list only who shares a project, for who is no admin`() async throws {
        try await Installation.run { cloud in
            let one = try await cloud.makeMember("one@home.example", of: cloud.home, role: "viewer")
            let other = try await cloud.makeMember("two@home.example", of: cloud.home, role: nil)
            #expect(try await Set(cloud.get("/v1/users", as: one.session).ids) == [cloud.home.user.rawValue, one.id])
            #expect(try await cloud.get("/v1/users/" + other.id, as: one.session).code == "not_found")
            #expect(try await cloud.get("/v1/users/" + other.id, as: other.session).status == 200)
            #expect(try await cloud.get("/v1/users?role=admin", as: cloud.home.liveKey).ids == [cloud.home.user.rawValue])
            #expect(try await cloud.get("/v1/users?status=invited", as: cloud.home.liveKey).ids == [])
        }
    }
}

extension Installation {
    func signIn(_ email: String, _ password: String = Installation.password) async throws -> Reply {
        try await post("/v1/sessions", ["email": .string(email), "password": .string(password)])
    }

    fileprivate func accept(_ token: String, password: String = Installation.password) async throws -> Reply {
        try await post("/v1/invitations/acceptances", ["token": .string(token), "password": .string(password)])
    }

    /// Everything the log holds, erasable fields included.
    fileprivate func logBytes() async throws -> [UInt8] {
        try await store.read { connection in
            try connection.rows("SELECT canonical, personal FROM events") { row in
                try row.get(0, as: [UInt8].self) + (row.get(1, as: [UInt8]?.self) ?? [])
            }.flatMap(\.self)
        }
    }

    /// How many rows still name a person, by what they did or what was done to them.
    fileprivate func personalFields(of person: String) async throws -> Int {
        try await store.read { connection in
            try connection.row(
                "SELECT COUNT(*) FROM events WHERE personal IS NOT NULL AND (subject = ? OR actor = ?)", person, person
            ) { try $0.get(0) } ?? 0
        }
    }
}
