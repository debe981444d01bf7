import Foundation
import HTTPTypes
import Kernel
import Server
import TestKit
import Testing
import Web

@Suite struct `The OpenAPI description` {
    private static let routes = RouteTable.described.routes

    @Test func `kept in the repository is the one the server serves`() throws {
        let kept = try Self.kept()
        #expect(String(decoding: kept, as: UTF8.self) == OpenAPIDocument(routes: Self.routes).prettyText, "run make openapi")
    }

    @Test func `is served as it is`() async throws {
        try await Installation.run { cloud in
            let reply = try await cloud.get("/openapi.json")
            #expect(reply.status == 200 && reply.header("Content-Type") == "application/json")
            #expect(try JSONParser.parse(reply.bytes) == OpenAPIDocument(routes: Self.routes).value)
        }
    }

    @Test func `has every route, and the server has every operation of it`() throws {
        let paths = try #require(try JSONParser.parse(Self.kept())["paths"]?.members)
        let described = paths.flatMap { path in (path.value.members ?? []).map { "\($0.name.uppercased()) \(path.name)" } }
        #expect(described.sorted() == Self.routes.map(\.name).sorted())
        let ids = paths.flatMap { path in (path.value.members ?? []).compactMap { $0.value["operationId"]?.string } }
        #expect(Set(ids).count == ids.count)
    }

    @Test func `is what every answer in these tests is held against`() throws {
        let good = Reply(
            status: 200, headers: [:], bytes: Array(#"{"data":[],"next_cursor":null,"has_more":false,"request_id":"req_1"}"#.utf8))
        try AnswerCheck.run(good, to: .get, "/v1/projects?limit=1")
        let known = HTTPFields([.init(name: .contentType, value: "application/json")])
        let extra = Reply(status: 200, headers: known, bytes: Array(#"{"data":[],"next_cursor":null,"has_more":false,"more":1}"#.utf8))
        let strange = Reply(status: 418, headers: known, bytes: [])
        for reply in [extra, strange] {
            #expect(throws: AnswerCheck.Undescribed.self) { try AnswerCheck.run(reply, to: .get, "/cloudapi/v1/projects") }
        }
    }

    @Test func `refers to nothing that it does not hold`() throws {
        let document = try JSONParser.parse(Self.kept())
        for reference in Set(document.references) {
            let found = reference.split(separator: "/").dropFirst().reduce(Optional(document)) { $0?[String($1)] }
            #expect(found != nil, "\(reference)")
        }
    }

    /// Drives every route to its success once, as the workspace's admin.
    @Test func `is what the server answers`() async throws {
        try await Installation.run { cloud in
            let estate = try await Estate.make(of: cloud.home, domain: "home.example", in: cloud)
            for route in Route.inHarmlessOrder(Self.routes) {
                let `case` = try #require(RouteCase.all[route.name])
                let reply = try await cloud.request(
                    route, `case`, of: estate, as: route.needsCredential ? estate.credentials.admin : nil)
                // The plan of the estate is one that nobody else has to approve.
                if `case`.isForPeople, reply.code == "forbidden" { continue }
                guard let answer = route.answers.first(where: { $0.status == reply.status }) else {
                    Issue.record("\(route.name) answered \(reply.status): \(reply.text)")
                    continue
                }
                if let schema = answer.schema {
                    #expect(reply.header("Content-Type") == "application/json", "\(route.name)")
                    #expect(schema.violations(in: reply.json) == [], "\(route.name): \(reply.text)")
                } else if !answer.files.isEmpty {
                    #expect(answer.files.contains { reply.header("Content-Type")?.hasPrefix($0) == true }, "\(route.name)")
                } else {
                    #expect(reply.bytes.isEmpty, "\(route.name)")
                }
                #expect(reply.header("X-Request-Id")?.hasPrefix("req_") == true, "\(route.name)")
                #expect((reply.header("RateLimit") != nil) == route.needsCredential, "\(route.name)")
            }
        }
    }

    @Test func `says of every problem what it looks like`() async throws {
        try await Installation.run { cloud in
            let replies = [
                try await cloud.get("/v1/projects"), try await cloud.get("/v1/nothing"), try await cloud.call(.put, "/v1/projects"),
                try await cloud.get("/v1/projects/\u{0}x%00", as: cloud.home.liveKey),
                try await cloud.post("/v1/projects", as: cloud.home.liveKey, ["nam": "x", "env": 1]),
                try await cloud.get("/v1/projects?limit=0&x=1", as: cloud.home.liveKey),
                try await cloud.get("/v1/sessions", as: cloud.home.liveKey),
            ]
            for reply in replies {
                #expect(reply.header("Content-Type") == "application/problem+json")
                #expect(ProblemWriter.schema.violations(in: reply.json) == [], "\(reply.text)")
                #expect(reply["status"]?.integer == Int64(reply.status))
                #expect(reply.text("type") == "/docs/errors/" + reply.text("code"))
                #expect(reply.header("X-Request-Id") == reply.text("request_id"))
            }
            #expect(replies[2].status == 405 && replies[2].header("Allow") == "GET, HEAD, POST")
        }
    }

    private static func kept() throws -> Data {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try Data(contentsOf: root.appendingPathComponent("openapi/cloudapi.json"))
    }
}

extension JSON {
    fileprivate var references: [String] {
        switch self {
        case .array(let values): values.flatMap(\.references)
        case .object(let members):
            members.flatMap { member in member.name == "$ref" ? [member.value.string ?? ""] : member.value.references }
        default: []
        }
    }
}
