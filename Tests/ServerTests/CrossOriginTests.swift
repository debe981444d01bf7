import HTTPTypes
import Kernel
import Server
import TestKit
import Testing
import Web

@Suite struct `Calls from pages of other origins` {
    private static let app = "https://app.example"

    private static func run(_ origins: [String], _ body: @escaping @Sendable (Installation) async throws -> Void) async throws {
        try await Installation.run(configure: { $0.allowedOrigins = origins }, body)
    }

    private static func ask(_ cloud: Installation, _ path: String, from origin: String, method: String = "POST") async throws -> Reply {
        try await cloud.send(
            .options, path, [],
            headers: ["Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"])
    }

    @Test func `are not let in unless the operator says so`() async throws {
        try await Self.run([]) { cloud in
            let asked = try await Self.ask(cloud, "/v1/projects", from: Self.app)
            #expect(asked.status == 405 && asked.header("Access-Control-Allow-Origin") == nil)
            let reply = try await cloud.send(.get, "/v1/projects", as: cloud.home.liveKey, [], headers: ["Origin": Self.app])
            #expect(reply.status == 200 && reply.header("Access-Control-Allow-Origin") == nil && reply.header("Vary") == nil)
        }
    }

    @Test func `are let in by name, problems included, and never with the browser's own credentials`() async throws {
        try await Self.run([Self.app, "http://localhost:3000"]) { cloud in
            for origin in [Self.app, "http://localhost:3000"] {
                let asked = try await Self.ask(cloud, "/v1/projects", from: origin)
                #expect(asked.status == 204 && asked.text.isEmpty && asked.header("Access-Control-Allow-Origin") == origin)
                #expect(asked.header("Access-Control-Allow-Methods") == "GET, POST" && asked.header("Vary") == "Origin")
                #expect(asked.header("Access-Control-Allow-Headers")?.contains("Authorization") == true)
                #expect(asked.header("Access-Control-Max-Age") == "7200")
                for (secret, path) in [(cloud.home.liveKey, "/v1/projects"), ("nonsense", "/v1/projects"), ("x", "/v1/nothing")] {
                    let reply = try await cloud.send(.get, path, as: secret, [], headers: ["Origin": origin])
                    #expect(reply.header("Access-Control-Allow-Origin") == origin && reply.header("Vary") == "Origin", "\(path)")
                    #expect(reply.header("Access-Control-Expose-Headers")?.contains("RateLimit") == true)
                    #expect(reply.header("Access-Control-Allow-Credentials") == nil)
                }
            }
            // Also where tokens come from, and under every mount.
            for path in ["/oauth/token", "/cloudplatform/v1/projects", "/v1/projects/\(cloud.home.project)"] {
                #expect(try await Self.ask(cloud, path, from: Self.app).status == 204, "\(path)")
            }
        }
    }

    @Test(arguments: [
        "https://app.example.evil.example", "http://app.example", "https://APP.example", "https://app.example:444", "null", "",
        "https://evil.example",
    ])
    func `of nobody else's, however alike`(origin: String) async throws {
        try await Self.run([Self.app]) { cloud in
            #expect(try await Self.ask(cloud, "/v1/projects", from: origin).header("Access-Control-Allow-Origin") == nil)
            let reply = try await cloud.send(.get, "/v1/projects", as: cloud.home.liveKey, [], headers: ["Origin": origin])
            #expect(reply.status == 200 && reply.header("Access-Control-Allow-Origin") == nil && reply.header("Vary") == "Origin")
        }
    }

    @Test func `never reach the dashboard, nor paths that are none`() async throws {
        try await Self.run(["*"]) { cloud in
            for path in ["/app/projects", "/app/sign-in"] {
                #expect(try await Self.ask(cloud, path, from: Self.app).header("Access-Control-Allow-Origin") == nil)
                let page = try await cloud.send(.get, path, [], headers: ["Origin": Self.app])
                #expect(page.header("Access-Control-Allow-Origin") == nil)
            }
            #expect(try await Self.ask(cloud, "/v1/nothing", from: Self.app).status == 404)
            let any = try await Self.ask(cloud, "/v1/projects", from: Self.app)
            #expect(any.status == 204 && any.header("Access-Control-Allow-Origin") == "*" && any.header("Vary") == nil)
        }
    }

    @Test(
        arguments: [
            ("https://App.Example", "https://app.example"), ("http://127.0.0.1:3000", "http://127.0.0.1:3000"), ("*", "*"),
            ("https://app.example/", nil), ("app.example", nil), ("https://*.example", nil), ("null", nil), ("https://", nil),
            ("https://user@app.example", nil),
        ] as [(String, String?)])
    func `are written as browsers write them`(text: String, canonical: String?) { #expect(CrossOrigin.canonical(text) == canonical) }
}
