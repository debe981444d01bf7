import HTTPTypes
import Kernel
import Server
import TestKit
import Testing

@Suite struct `Signing in` {
    @Test func `gives a session for twelve hours, which can be ended before`() async throws {
        try await Installation.run { cloud in
            let one = try await cloud.signIn(cloud.home.email).expecting(201)
            let other = try await cloud.signIn(cloud.home.email).expecting(201)
            #expect(one.text("token").hasPrefix("ses_") && one.text("expires_at") == "2026-03-11T00:34:56Z")
            #expect(try await Set(cloud.get("/v1/sessions", as: one.text("token")).ids).isSuperset(of: [one.text("id"), other.text("id")]))
            _ = try await cloud.delete("/v1/sessions/" + other.text("id"), as: one.text("token")).expecting(204)
            #expect(try await cloud.get("/v1/ping", as: other.text("token")).status == 401)
            cloud.clock.advance(milliseconds: 12 * 3_600_000 - 1)
            #expect(try await cloud.get("/v1/ping", as: one.text("token")).status == 200)
            cloud.clock.advance(milliseconds: 1)
            #expect(try await cloud.get("/v1/ping", as: one.text("token")).code == "credential_invalid")
        }
    }

    @Test func `does not tell who has an account`() async throws {
        try await Installation.run { cloud in
            _ = try await cloud.post("/v1/users", as: cloud.home.liveKey, ["email": "invited@home.example"]).expecting(201)
            let gone = try await cloud.makeMember("gone@home.example", of: cloud.home, role: nil)
            _ = try await cloud.patch("/v1/users/" + gone.id, as: cloud.home.liveKey, ["status": "deactivated"]).expecting(200)
            let known = try await cloud.signIn(cloud.home.email, "a wrong password")
            #expect(known.status == 401 && known.code == "sign_in_failed")
            for email in ["nobody@home.example", "invited@home.example", "gone@home.example", "ada@elsewhere.example"] {
                let unknown = try await cloud.signIn(email)
                #expect(unknown.status == known.status && unknown.unmarked == known.unmarked, "\(email)")
                #expect(unknown.headers.map(\.name) == known.headers.map(\.name), "\(email)")
            }
        }
    }

    @Test func `is slowed down for each address, whether somebody has it or not`() async throws {
        try await Installation.run { cloud in
            for email in [cloud.home.email, "nobody@home.example"] {
                for _ in 0..<5 { #expect(try await cloud.signIn(email, "a wrong password").status == 401) }
                for password in ["a wrong password", cloud.home.password] {
                    let slowed = try await cloud.signIn(email.uppercased(), password)
                    #expect(slowed.status == 429 && slowed.code == "sign_in_throttled")
                    #expect(slowed.header("Retry-After") == "60")
                }
            }
            cloud.clock.advance(seconds: 60)
            #expect(try await cloud.signIn(cloud.home.email).status == 201)
        }
    }

    @Test func `is slowed down for each client`() async throws {
        try await Installation.run { cloud in
            for number in 0..<20 { _ = try await cloud.signIn("p\(number)@home.example").expecting(401) }
            #expect(try await cloud.signIn(cloud.home.email).code == "sign_in_throttled")
            let token = Secret.make(.invitation, randomBytes: [UInt8](repeating: 1, count: 32))
            let body: JSON = ["token": .string(token), "password": .string(Installation.password)]
            #expect(try await cloud.post("/v1/invitations/acceptances", body).code == "sign_in_throttled")
            cloud.clock.advance(seconds: 60)
            #expect(try await cloud.signIn(cloud.home.email).status == 201)
        }
    }

    @Test func `works for an address that two workspaces know`() async throws {
        try await Installation.run { cloud in
            let other = try await cloud.makeWorkspace("Twin", email: cloud.home.email)
            let body: JSON = [
                "email": .string(cloud.home.email), "password": .string(cloud.home.password),
                "workspace_id": .string(other.workspace.rawValue),
            ]
            #expect(try await cloud.post("/v1/sessions", body).expecting(201).text("workspace_id") == other.workspace.rawValue)
            let either = try await cloud.signIn(cloud.home.email).expecting(201).text("workspace_id")
            #expect([cloud.home.workspace.rawValue, other.workspace.rawValue].contains(either))
        }
    }

    @Test func `is a person's own matter: nobody ends or sees another's sessions`() async throws {
        try await Installation.run { cloud in
            let member = try await cloud.makeMember("mel@home.example", of: cloud.home, role: "admin").session
            let own = try await cloud.get("/v1/sessions", as: cloud.home.sessionToken).ids
            #expect(try await cloud.delete("/v1/sessions/" + (own.first ?? ""), as: member).code == "not_found")
            #expect(try await Set(cloud.get("/v1/sessions", as: member).ids).isDisjoint(with: own))
            #expect(try await cloud.get("/v1/sessions", as: cloud.home.liveKey).code == "session_required")
        }
    }
}
