import ArgumentParser
import Console
import Foundation
import Kernel
import Testing
import Webhooks

@Suite struct `The file of logins` {
    private func inFolder(_ body: (ConfigFile, [String: String]) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cloudapi-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let environment = ["XDG_CONFIG_HOME": folder]
        try body(ConfigFile(environment: environment), environment)
    }

    private func mode(of path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test func `is for its owner alone, and says again what was written`() throws {
        try inFolder { file, _ in
            #expect(try file.read() == ConfigFile.Content())
            var content = ConfigFile.Content()
            content.current = "staging"
            content.profiles["staging"] = .init(url: "https://a.example", token: "ses_1", email: "ada@example.com", session: "sn_1")
            content.profiles["other"] = .init(url: "https://b.example", token: "pk_live_2")
            try file.write(content)
            #expect(try mode(of: file.path) == 0o600)
            #expect(try mode(of: NSString(string: file.path).deletingLastPathComponent) == 0o700)
            #expect(try file.read() == content)
        }
    }

    @Test func `is not believed when others can read it`() throws {
        try inFolder { file, _ in
            try file.write(.init())
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
            let failure = #expect(throws: RemoteFailure.self) { try file.read() }
            #expect(failure?.description.contains("chmod 600") == true)
        }
    }

    @Test func `is looked for where XDG says, else under the home folder`() {
        #expect(ConfigFile(environment: ["XDG_CONFIG_HOME": "/x", "HOME": "/h"]).path == "/x/cloudapi/config.json")
        #expect(ConfigFile(environment: ["HOME": "/h"]).path == "/h/.config/cloudapi/config.json")
        #expect(ConfigFile(environment: ["XDG_CONFIG_HOME": "not/absolute", "HOME": "/h"]).path == "/h/.config/cloudapi/config.json")
    }

    @Test func `gives way to the environment, and that to flags`() throws {
        try inFolder { file, environment in
            var content = ConfigFile.Content()
            content.profiles["default"] = .init(url: "https://a.example", token: "ses_login")
            try file.write(content)
            func target(_ words: [String], _ more: [String: String] = [:]) throws -> Target {
                try RemoteOptions.parse(words).target(environment.merging(more) { $1 })
            }
            #expect(try target([]).token == "ses_login")
            #expect(try target([], ["CLOUDAPI_KEY": "pk_live_1"]).token == "pk_live_1")
            #expect(try target(["--key", "pk_live_2"], ["CLOUDAPI_KEY": "pk_live_1"]).token == "pk_live_2")
            #expect(try target([], ["CLOUDAPI_URL": "https://b.example/", "CLOUDAPI_KEY": "pk_live_1"]).url == "https://b.example")
            #expect(try target(["--url", "https://a.example/"]).token == "ses_login")
        }
    }

    @Test func `names a profile that wins over the environment, but not over flags`() throws {
        try inFolder { file, environment in
            var content = ConfigFile.Content()
            content.profiles["default"] = .init(url: "https://a.example", token: "ses_a")
            content.profiles["staging"] = .init(url: "https://b.example", token: "ses_b")
            try file.write(content)
            func target(_ words: [String], _ more: [String: String]) throws -> [String] {
                let target = try RemoteOptions.parse(words).target(environment.merging(more) { $1 })
                return [target.url, target.token ?? ""]
            }
            let other = ["CLOUDAPI_URL": "https://c.example", "CLOUDAPI_KEY": "pk_live_c"]
            #expect(try target(["--profile", "staging"], other) == ["https://b.example", "ses_b"])
            #expect(try target(["--profile", "staging", "--key", "pk_live_1"], other) == ["https://b.example", "pk_live_1"])
            // A profile named by the environment is the login that is used; the other variables win over it.
            #expect(try target([], ["CLOUDAPI_PROFILE": "staging"]) == ["https://b.example", "ses_b"])
            #expect(try target([], other.merging(["CLOUDAPI_PROFILE": "staging"]) { $1 }) == ["https://c.example", "pk_live_c"])
            #expect(try target(["--profile", "default"], ["CLOUDAPI_PROFILE": "staging"]) == ["https://a.example", "ses_a"])
            // A key of the environment is not sent to a profile's server, nor a profile's token elsewhere.
            #expect(throws: RemoteFailure.self) { try target(["--profile", "staging", "--url", "https://a.example"], [:]) }
            #expect(throws: RemoteFailure.self) { try target(["--profile", "nobody"], other) }
        }
    }

    @Test func `lists its profiles without what they sign in with, chooses and forgets`() throws {
        var content = ConfigFile.Content()
        content.profiles["staging"] = .init(url: "https://b.example", token: "pk_live_b")
        content.profiles["default"] = .init(url: "https://a.example", token: "ses_a", email: "ada@example.com", session: "sn_1")
        let listed = content.list(named: nil)
        #expect(listed.compactMap { $0["name"]?.string } == ["default", "staging"])
        #expect(listed.map { $0["is_used"] } == [true, false] && listed.map { $0["kind"] } == ["session", "key"])
        #expect(!listed.contains { $0.indented.contains("ses_a") || $0.indented.contains("pk_live_b") })
        #expect(content.list(named: "staging").map { $0["is_used"] } == [false, true])
        #expect(try content.use("staging").url == "https://b.example")
        #expect(content.current == "staging")
        #expect(throws: RemoteFailure.self) { try content.use("nobody") }
        #expect(try content.forget("staging").token == "pk_live_b")
        #expect(content.current == "default" && content.profiles.keys.sorted() == ["default"])
        #expect(throws: RemoteFailure.self) { try content.forget("staging") }
    }

    @Test func `lends a login to no other server`() throws {
        try inFolder { file, environment in
            var content = ConfigFile.Content()
            content.profiles["default"] = .init(url: "https://a.example", token: "ses_login")
            try file.write(content)
            let failure = #expect(throws: RemoteFailure.self) {
                try RemoteOptions.parse(["--url", "https://evil.example"]).target(environment)
            }
            #expect(failure?.status == .credential)
            #expect(failure?.description.contains("ses_login") == false)
        }
    }
}

@Suite struct `What a server refused` {
    @Test(arguments: [
        (200, Console.ExitStatus.done), (201, .done), (401, .credential), (403, .credential), (404, .notFound), (410, .notFound),
        (402, .conflict),
        (409, .conflict), (412, .conflict), (423, .conflict), (429, .unavailable), (503, .unavailable), (500, .unavailable),
        (422, .refused),
        (400, .refused),
    ])
    func `has an exit status of its own`(http: Int, status: Console.ExitStatus) { #expect(Console.ExitStatus(httpStatus: http) == status) }

    @Test func `is told with title, detail, places, what to do next and the request`() {
        let body: JSON = [
            "title": "The request is understood but not valid", "detail": "Two things are wrong.", "code": "validation_failed",
            "errors": [["pointer": "/name", "code": "required", "detail": "is required"]], "request_id": "req_1",
        ]
        let text = RemoteFailure(answer: 422, body).description
        #expect(
            text.hasPrefix(
                "Error: The request is understood but not valid (422, validation_failed).\n  Two things are wrong.\n  /name: is required\n")
        )
        #expect(text.contains("\n  Next: "))
        #expect(text.hasSuffix("\n  Request: req_1"))
    }

    @Test func `is told without a problem, too`() {
        #expect(RemoteFailure(answer: 502, nil).description == "Error: The server answered 502 (502).")
        #expect(RemoteFailure(answer: 502, nil).status == .unavailable)
    }
}

@Suite struct `A stream of events` {
    @Test func `is read whole wherever it is cut`() {
        let text = "id: 7\ndata: {\"a\":1}\n\n: still here\n\nid: 8\r\ndata: one\r\ndata: two\r\n\r\nid: 9\ndata: not yet"
        let expected = [ServerSentEvents.Message(id: "7", data: "{\"a\":1}"), .init(id: "8", data: "one\ntwo")]
        for size in 1...text.utf8.count {
            var reader = ServerSentEvents()
            var found: [ServerSentEvents.Message] = []
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                found += reader.take(rest.prefix(size))
                rest = rest.dropFirst(size)
            }
            #expect(found == expected)
        }
    }

    @Test func `is forwarded without addresses, signed over what is sent`() throws {
        let event: JSON = [
            "seq": 3, "id": "evt_1", "type": "instance.ready", "subject": "inst_1", "project_id": "proj_1",
            "actor": ["type": "key", "id": "key_1", "credential": "key_1", "ip": "127.0.0.1"], "request_id": "req_1",
            "occurred_at": "2026-03-01T10:00:00Z", "data": ["phase": "ready"], "personal": ["name": "Ada"], "hash": "00",
        ]
        let body = LocalLetter(workspace: "wsp_1", mode: "live").body(of: event)
        #expect(
            String(decoding: body, as: UTF8.self)
                == #"{"id":"evt_1","type":"instance.ready","timestamp":"2026-03-01T10:00:00Z","workspace_id":"wsp_1","mode":"live","seq":3,"subject":"inst_1","project_id":"proj_1","actor":{"credential":"key_1","id":"key_1","type":"key"},"request_id":"req_1","data":{"phase":"ready"}}"#
        )
        let secret = WebhookSecret([1, 2, 3])
        let headers = LocalLetter.headers("evt_1", body, secret, at: 1_700_000_000)
        #expect(headers.contains { $0 == ("webhook-signature", secret.signature(id: "evt_1", timestamp: 1_700_000_000, body: body)) })
        #expect(headers.contains { $0 == ("webhook-id", "evt_1") } && headers.contains { $0 == ("webhook-timestamp", "1700000000") })
    }

    @Test func `is asked for with values that need no care`() {
        #expect(Remote.query([("a", "x y&z"), ("b", nil), ("c", "ü")]) == "?a=x%20y%26z&c=%C3%BC")
        #expect(Remote.query([("a", nil)]) == "")
    }
}
