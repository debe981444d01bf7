import HTTPTypes
import Kernel
import Server
import TestKit
import Testing

@Suite struct `Bad input` {
    @Test(arguments: [
        ("", "invalid_json"), ("{", "invalid_json"), (#"{"name":"a"} x"#, "invalid_json"), (#"{"name":"a\u0000"}"#, "invalid_json"),
        ("{\"name\":\"a\u{0}\"}", "invalid_json"), (#"{"name":"\ud800"}"#, "invalid_json"), (#"{"name":"\udc00\ud800"}"#, "invalid_json"),
        (#"{"name":"a","name":"b"}"#, "invalid_json"), (#"{"name":"a","quota_requests":9223372036854775808}"#, "invalid_json"),
        (#"{"name":"a","quota_requests":1e999}"#, "invalid_json"), (String(repeating: "[", count: 10_000), "invalid_json"),
        (String(repeating: #"{"name":"#, count: 10_000), "invalid_json"), ("[]", "validation_failed"), ("null", "validation_failed"),
        (#""name""#, "validation_failed"), ("{}", "validation_failed"), (#"{"name":""}"#, "validation_failed"),
        (#"{"name":" a"}"#, "validation_failed"),
        (#"{"name":"a\nb"}"#, "validation_failed"), (#"{"name":5}"#, "validation_failed"),
        (#"{"name":"a","env":"PROD"}"#, "validation_failed"),
        (#"{"name":"a","quota_requests":-1}"#, "validation_failed"), (#"{"name":"a","quota_requests":0.5}"#, "validation_failed"),
        (#"{"name":"a","quota_requests":9223372036854775807}"#, "validation_failed"), (#"{"name":"a","nam":"b"}"#, "unknown_field"),
        (#"{"name":"a","status":"archived"}"#, "unknown_field"), (#"{"name":"a","account_id":"acc_nobody"}"#, "validation_failed"),
    ])
    func `in a body is refused with its code, and makes nothing`(body: String, code: String) async throws {
        try await Installation.run { cloud in
            let reply = try await cloud.send(.post, "/v1/projects", as: cloud.home.liveKey, Array(body.utf8))
            #expect(reply.code == code, "\(reply.text.prefix(300))")
            #expect([400, 422].contains(reply.status))
            #expect(try await cloud.get("/v1/projects", as: cloud.home.liveKey).items.count == 1)
        }
    }

    @Test(arguments: [[0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xC0, 0xAF]] as [[UInt8]])
    func `that is not UTF-8 is refused`(bytes: [UInt8]) async throws {
        try await Installation.run { cloud in
            let body = Array(#"{"name":""#.utf8) + bytes + Array(#""}"#.utf8)
            let reply = try await cloud.send(.post, "/v1/projects", as: cloud.home.liveKey, body)
            #expect(reply.status == 400 && reply.code == "invalid_json")
        }
    }

    @Test(arguments: [
        ("/v1/projects?limit=0", "invalid_parameter"), ("/v1/projects?limit=101", "invalid_parameter"),
        ("/v1/projects?limit=x", "invalid_parameter"),
        ("/v1/projects?limit=99999999999999999999", "invalid_parameter"), ("/v1/projects?limit=5&limit=5", "invalid_parameter"),
        ("/v1/projects?page=0", "invalid_parameter"), ("/v1/projects?page=1000001", "invalid_parameter"),
        ("/v1/projects?page=1&limit=5", "invalid_parameter"),
        ("/v1/projects?page=1&cursor=x", "invalid_parameter"), ("/v1/projects?sort=id", "invalid_parameter"),
        ("/v1/projects?status=gone", "invalid_parameter"),
        ("/v1/projects?name=%FF", "invalid_parameter"), ("/v1/projects?name=%00", "invalid_parameter"),
        ("/v1/projects?name=%zz", "invalid_parameter"),
        ("/v1/projects?nam=x", "unknown_parameter"), ("/v1/ping?x", "unknown_parameter"), ("/v1/projects?cursor=x", "invalid_cursor"),
        ("/v1/projects?cursor=null", "invalid_cursor"), ("/v1/accounts/{account}/usage?window=7m", "invalid_parameter"),
        ("/v1/accounts/{account}/usage?from=yesterday", "invalid_parameter"),
        ("/v1/accounts/{account}/usage?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "invalid_parameter"),
        ("/v1/accounts/{account}/usage?window=5m&from=1970-01-01T00:00:00Z", "invalid_parameter"),
        ("/v1/accounts/{account}/usage?window=1d&from=1970-01-01T00:00:00Z", "invalid_parameter"),
        ("/v1/accounts/{account}/usage?from=9999-12-31T23:59:59Z", "invalid_parameter"),
    ])
    func `in a query is refused with its code`(path: String, code: String) async throws {
        try await Installation.run { cloud in
            let path = path.replacing("{account}", with: cloud.home.account.rawValue)
            let reply = try await cloud.get(path, as: cloud.home.liveKey)
            #expect(reply.status == 400 && reply.code == code, "\(reply.text)")
        }
    }

    @Test(arguments: ["%00", "%FF", "%", "%zz", "..", "%2e%2e", "%2F", "'%20OR%201=1", "proj_😀", String(repeating: "x", count: 5000)])
    func `in a path names nothing`(part: String) async throws {
        try await Installation.run { cloud in
            for path in ["/v1/projects/\(part)", "/v1/projects/\(part)/members", "/v1/keys/\(part)", "/v1/\(part)", "/\(part)"] {
                let reply = try await cloud.get(path, as: cloud.home.liveKey)
                #expect(reply.status == 404 && reply.code == "not_found", "\(path): \(reply.text.prefix(300))")
            }
        }
    }

    @Test(arguments: [
        "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", "json", "",
    ])
    func `of another content type is refused`(type: String) async throws {
        try await Installation.run { cloud in
            let reply = try await cloud.post("/v1/projects", as: cloud.home.liveKey, ["name": "a"], headers: ["Content-Type": type])
            #expect(reply.status == 415 && reply.code == "unsupported_media_type")
        }
    }

    @Test(arguments: ["application/json", "application/json; charset=utf-8", "Application/JSON ;x=y", "application/merge-patch+json"])
    func `is not a content type of the JSON family`(type: String) async throws {
        try await Installation.run { cloud in
            let reply = try await cloud.post("/v1/projects", as: cloud.home.liveKey, ["name": "a"], headers: ["Content-Type": type])
            #expect(reply.status == 201)
        }
    }

    @Test(arguments: [1 << 20, 10 << 20])
    func `of more than a mebibyte is refused`(size: Int) async throws {
        try await Installation.run { cloud in
            let body = Array(#"{"name":"a"}"#.utf8) + [UInt8](repeating: 0x20, count: size)
            let reply = try await cloud.send(.post, "/v1/projects", as: cloud.home.liveKey, body)
            #expect(reply.status == 413 && reply.code == "payload_too_large")
            let fitting = try await cloud.send(.post, "/v1/projects", as: cloud.home.liveKey, Array(body.prefix(1 << 20)))
            #expect(fitting.status == 201)
        }
    }

    @Test func `in headers is refused with its code`() async throws {
        try await Installation.run { cloud in
            let (key, other) = (cloud.home.liveKey, cloud.home.testKey)
            let id = cloud.home.project.rawValue
            let large = try await cloud.get("/v1/projects", as: key, headers: ["X-Large": String(repeating: "x", count: 64 << 10)])
            #expect(large.status == 431 && large.code == "headers_too_large")
            let long = try await cloud.get("/v1/projects?name=" + String(repeating: "x", count: 40_000), as: key)
            #expect(long.status == 431)
            let two = try await cloud.get("/v1/projects", as: key, headers: ["x-api-key": other])
            #expect(two.status == 400 && two.code == "conflicting_credentials")
            #expect(try await cloud.get("/v1/projects", as: key, headers: ["x-api-key": key]).status == 200)
            #expect(try await cloud.get("/v1/projects", headers: ["x-api-key": key]).status == 200)
            for value in ["Basic YTpi", "Bearer", "Bearer ", key, "Bearer  " + key] {
                let reply = try await cloud.get("/v1/projects", headers: ["Authorization": value])
                #expect(reply.status == 401, "\(value)")
            }
            #expect(try await cloud.get("/v1/projects", headers: ["Authorization": "bearer " + key]).status == 200)
            for value in [String(repeating: "k", count: 256), "é"] {
                let reply = try await cloud.post("/v1/projects", as: key, ["name": "a"], headers: ["Idempotency-Key": value])
                #expect(reply.status == 400 && reply.code == "invalid_header")
            }
            for value in ["v1", "\"v1", "\"v1\" \"v2\"", ",", "\"v1\","] {
                let reply = try await cloud.patch("/v1/projects/\(id)", as: key, ["name": "a"], headers: ["If-Match": value])
                #expect(reply.status == 400 && reply.code == "invalid_header", "\(value)")
            }
            let missing = try await cloud.delete("/v1/networks/none?allow_missing=true", as: key, headers: ["If-Match": "v1"])
            #expect(missing.status == 400 && missing.code == "invalid_header")
            let match = try await cloud.patch("/v1/projects/\(id)", as: key, ["name": "a"], headers: ["If-Match": "\"v0\""])
            #expect(match.status == 412 && match.code == "precondition_failed")
        }
    }

    @Test func `of a method is answered with those that work`() async throws {
        try await Installation.run { cloud in
            for (method, path, allowed) in [
                (HTTPRequest.Method.put, "/v1/projects", "GET, HEAD, POST"), (.post, "/v1/ping", "GET, HEAD"),
                (.get, "/v1/sandbox/reset", "POST"), (.options, "/cloudapi/v1/projects/x", "DELETE, GET, HEAD, PATCH"),
            ] {
                let reply = try await cloud.call(method, path, as: cloud.home.liveKey)
                #expect(reply.status == 405 && reply.code == "method_not_allowed")
                #expect(reply.header("Allow") == allowed)
            }
        }
    }
}
