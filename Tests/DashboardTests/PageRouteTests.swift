import HTTPTypes
import Server
import Storage
import TestKit
import Testing

/// Walks the router, so that a page added tomorrow is looked at tomorrow.
@Suite struct `Every page of the router` {
    @Test func `can be framed by nobody, runs no foreign script, is no other type and is kept by no cache`() async throws {
        try await Installation.run { cloud in
            let browser = try await Browser.signedIn(cloud)
            for page in try PageRoute.all(of: cloud, .get) where !page.isAsset {
                cloud.clock.advance(seconds: 1)  // a person has a rate limit
                let reply = try await browser.go(page.address)
                #expect(reply.status < 500, "\(page.path): \(reply.status)")
                let policy = reply.header("Content-Security-Policy") ?? ""
                for part in ["default-src 'none'", "frame-ancestors 'none'"] { #expect(policy.contains(part), "\(page.path): \(policy)") }
                #expect(!policy.contains("unsafe"), "\(page.path)")
                #expect(reply.header("X-Content-Type-Options") == "nosniff", "\(page.path)")
                #expect(reply.header("X-Frame-Options") == "DENY", "\(page.path)")
                #expect(reply.header("Referrer-Policy") == "same-origin", "\(page.path)")
                if page.path.hasPrefix("/app") { #expect(reply.header("Cache-Control") == "no-store", "\(page.path)") }
                guard reply.header("Content-Type")?.hasPrefix("text/html") == true else { continue }
                #expect(!reply.text.contains("style=\"") && !reply.text.contains("<script>"), "\(page.path)")
            }
        }
    }

    @Test func `takes no form without its token, and changes nothing then`() async throws {
        try await Installation.run { cloud in
            let browser = try await Browser.signedIn(cloud)
            let before = try await cloud.changes()
            for page in try PageRoute.all(of: cloud, .post) where !page.isForGuests && !page.isWildcard {
                cloud.clock.advance(seconds: 1)
                for token in [nil, "", "elsewhere"] {
                    var fields = ["once": "0123456789abcdef0123456789abcdef", "confirmed": "yes", "name": "x"]
                    if let token { fields["form_token"] = token }
                    let reply =
                        page.path == "/app/costs/imports"
                        ? try await browser.upload(page.address, fields, file: "x", named: "x.csv", isOurs: false)
                        : try await browser.submit(page.address, fields, token: false)
                    #expect(reply.status == 403, "\(page.path) with the token \(token ?? "left out"): \(reply.status)")
                }
            }
            #expect(try await cloud.changes() == before)
        }
    }

    @Test func `takes no form from another site`() async throws {
        try await Installation.run { cloud in
            let browser = try await Browser.signedIn(cloud)
            let before = try await cloud.changes()
            for page in try PageRoute.all(of: cloud, .post) where !page.isWildcard {
                cloud.clock.advance(seconds: 1)
                try await browser.go("/app/settings/workspace")
                let reply = try await browser.submit(page.address, ["confirmed": "yes"], origin: ["Origin": "https://evil.example"])
                #expect(reply.status == 403, "\(page.path): \(reply.status)")
            }
            #expect(try await cloud.changes() == before)
        }
    }

    @Test func `leads who is not signed in to sign-in`() async throws {
        try await Installation.run { cloud in
            let before = try await cloud.changes()
            for method in [HTTPRequest.Method.get, .post] {
                for page in try PageRoute.all(of: cloud, method)
                where page.path.hasPrefix("/app") && !page.isAsset && !page.isForGuests && !page.isWildcard {
                    // A question of an application that is none is refused before anybody is asked who they are.
                    if method == .get, page.path == "/app/oauth/authorize" { continue }
                    let guest = try await Browser(cloud)
                    var reply =
                        method == .get
                        ? try await guest.go(page.address) : try await guest.submit(page.address, ["confirmed": "yes"], token: false)
                    #expect(reply.status == 303, "\(method) \(page.path): \(reply.status)")
                    // What only leads on to another page asks nobody who they are; that page does.
                    for _ in 1...3 {
                        guard let next = guest.location, !next.hasPrefix("/app/sign-in") else { break }
                        reply = try await guest.go(next)
                    }
                    #expect(guest.location?.hasPrefix("/app/sign-in") == true, "\(method) \(page.path): \(guest.location ?? "nowhere")")
                }
            }
            #expect(try await cloud.changes() == before)
        }
    }
}

extension Installation {
    /// How much was ever changed here: events of both sides.
    fileprivate func changes() async throws -> Int {
        try await store.read { connection in try connection.row("SELECT COUNT(*) FROM events") { try $0.get(0) } ?? 0 }
    }
}
