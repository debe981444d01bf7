import HTTPTypes
import Kernel
import OAuth
import Server
import TestKit
import Web

/// A registered client as its own program sees it.
struct Application: Sendable {
    let installation: Installation
    let id: String
    let secret: String?
    var redirect = "https://app.example/done"
    var verifier = "a-verifier-of-at-least-forty-three-characters.~_"

    static func register(_ installation: Installation, as session: String? = nil, _ body: JSON) async throws -> Application {
        let made = try await installation.post("/v1/oauth/clients", as: session ?? installation.home.sessionToken, body).expecting(201)
        return Application(installation: installation, id: made.text("id"), secret: made["client_secret"]?.string)
    }

    /// A server-side program that gets tokens for itself.
    static func bot(_ installation: Installation, scopes: [JSON] = ["projects:read", "usage:read"], mode: String = "live") async throws
        -> Application
    {
        try await register(installation, ["name": "Bot", "scopes": .array(scopes), "mode": .string(mode)])
    }

    /// An app on a device.
    static func app(_ installation: Installation, scopes: [JSON] = ["projects:read", "projects:write"]) async throws -> Application {
        try await register(
            installation, ["name": "App", "type": "public", "scopes": .array(scopes), "redirect_uris": ["https://app.example/done"]])
    }

    // MARK: Its requests

    func send(_ path: String, _ fields: [String: String], headers: [String: String] = [:]) async throws -> Reply {
        let body = fields.map { "\($0.key)=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
        let type = ["Content-Type": "application/x-www-form-urlencoded"]
        return try await installation.send(.post, path, Array(body.utf8), headers: type.merging(headers) { $1 })
    }

    /// With what it proves itself by; a field that is nil is left out.
    func ask(_ path: String, _ fields: [String: String?]) async throws -> Reply {
        var fields = fields
        if fields["client_id"] == nil { fields["client_id"] = id }
        if let secret, fields["client_secret"] == nil { fields["client_secret"] = secret }
        return try await send(path, fields.compactMapValues { $0 })
    }

    func token(_ fields: [String: String?] = [:]) async throws -> Reply {
        try await ask("/oauth/token", ["grant_type": "client_credentials"].merging(fields) { $1 })
    }

    func exchange(_ code: String, _ fields: [String: String?] = [:]) async throws -> Reply {
        let all: [String: String?] = [
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier,
        ]
        return try await ask("/oauth/token", all.merging(fields) { $1 })
    }

    func refresh(_ token: String, _ fields: [String: String?] = [:]) async throws -> Reply {
        try await ask("/oauth/token", ["grant_type": "refresh_token", "refresh_token": token].merging(fields) { $1 })
    }

    /// The query that asks for a person's consent.
    func query(_ fields: [String: String?] = [:]) -> String {
        let all: [String: String?] = [
            "response_type": "code", "client_id": id, "redirect_uri": redirect, "state": "st&te =1", "scope": "projects:read",
            "code_challenge": CodeChallenge.make(verifier), "code_challenge_method": "S256",
        ]
        return all.merging(fields) { $1 }.compactMapValues { $0 }.sorted { $0.key < $1.key }
            .map { "\($0.key)=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
    }
}

/// A person at a browser.
final class Person {
    let installation: Installation
    private var cookie: String?
    private(set) var reply: Reply

    init(_ installation: Installation) async throws {
        self.installation = installation
        reply = try await installation.get("/app/sign-in")
    }

    static func signedIn(_ installation: Installation, email: String = "ada@home.example") async throws -> Person {
        let person = try await Person(installation)
        try await person.submit("/app/sign-in", ["email": email, "password": Installation.password])
        return person
    }

    @discardableResult func go(_ path: String) async throws -> Reply {
        reply = try await installation.get(path, headers: headers)
        return reply
    }

    @discardableResult func submit(_ path: String, _ fields: [String: String], headers more: [String: String] = [:]) async throws -> Reply {
        let body = fields.map { "\($0.key)=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
        let type = ["Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"]
        reply = try await installation.send(.post, path, Array(body.utf8), headers: headers.merging(type) { $1 }.merging(more) { $1 })
        if let set = reply.header("Set-Cookie"), set.hasPrefix("cloudapi_session=") {
            cookie = String(set.dropFirst("cloudapi_session=".count).prefix { $0 != ";" })
        }
        return reply
    }

    var location: String { reply.header("Location") ?? "" }

    /// Follows `/oauth/authorize` to the page that asks.
    @discardableResult func visit(_ query: String) async throws -> Reply {
        try await go("/oauth/authorize?" + query)
        guard reply.status == 302 || reply.status == 303, location.hasPrefix("/app/") else { return reply }
        return try await go(location)
    }

    /// Sends the form of the page that is looked at.
    @discardableResult func decide(_ decision: String = "allow", _ fields: [String: String] = [:]) async throws -> Reply {
        let form = ["form_token", "once", "request"].reduce(into: ["decision": decision]) { $0[$1] = hidden($1) ?? "" }
        return try await submit("/app/oauth/authorize", form.merging(fields) { $1 })
    }

    /// The parameters of the address it was sent to.
    var answer: [String: String] {
        let query = location.split(separator: "?", maxSplits: 1).dropFirst().first.map(String.init) ?? ""
        return Dictionary((PercentEncoding.formFields(query) ?? []).map { ($0.name, $0.value) }) { one, _ in one }
    }

    func consent(to application: Application, _ fields: [String: String?] = [:]) async throws -> String {
        try await visit(application.query(fields))
        try await decide()
        return answer["code"] ?? ""
    }

    func hidden(_ name: String) -> String? {
        guard let range = reply.text.firstRange(of: "name=\"\(name)\" value=\"") else { return nil }
        return String(reply.text[range.upperBound...].prefix { $0 != "\"" })
    }

    private var headers: [String: String] {
        cookie.map { ["Accept": "text/html", "Cookie": "cloudapi_session=\($0)"] } ?? ["Accept": "text/html"]
    }
}

extension Reply {
    /// OAuth's own word for what went wrong.
    var error: String { text("error") }
    var access: String { text("access_token") }
    var refreshToken: String { text("refresh_token") }
}
