import HTTPTypes
import Kernel
import Server
import TestKit
import Web

/// What a browser is to a page: it keeps the cookie, sends forms with what was in them, and says where they come from.
final class Browser {
    let installation: Installation
    private(set) var cookie: String?
    private var mode: String?
    private(set) var reply: Reply

    init(_ installation: Installation, cookie: String? = nil) async throws {
        self.installation = installation
        self.cookie = cookie
        reply = try await installation.get("/app/sign-in")
    }

    /// One that has signed in.
    static func signedIn(
        _ installation: Installation, email: String = "ada@home.example", password: String = Installation.password
    ) async throws -> Browser {
        let browser = try await Browser(installation)
        try await browser.submit("/app/sign-in", ["email": email, "password": password], token: false)
        return browser
    }

    @discardableResult func go(_ path: String) async throws -> Reply {
        let headers = headers
        // What asks a provider waits for the simulator, which keeps time by the stopped clock.
        let asksProvider = path.hasPrefix("/app/resources/")
        let reply =
            asksProvider
            ? try await installation.moving { [installation] in try await installation.get(path, headers: headers) }
            : try await installation.get(path, headers: headers)
        take(reply)
        return reply
    }

    /// Sends a form; with `token` the hidden fields of the page that is looked at.
    @discardableResult func submit(
        _ path: String, _ fields: [String: String] = [:], token: Bool = true, origin: [String: String] = ["Sec-Fetch-Site": "same-origin"]
    ) async throws -> Reply {
        var fields = fields
        if token {
            fields["form_token"] = fields["form_token"] ?? hidden("form_token")
            fields["once"] = fields["once"] ?? hidden("once")
        }
        let body = fields.map { "\(PercentEncoding.encode($0.key))=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
        let own = ["Content-Type": "application/x-www-form-urlencoded"]
        let sent = headers.merging(own) { $1 }.merging(origin) { $1 }
        let asksProvider = path.hasPrefix("/app/resources/") || path.hasPrefix("/app/webhooks")
        let reply =
            asksProvider
            ? try await installation.moving { [installation] in try await installation.send(.post, path, Array(body.utf8), headers: sent) }
            : try await installation.send(.post, path, Array(body.utf8), headers: sent)
        take(reply)
        return reply
    }

    /// A form as `submit` would send it, for who can take no browser along: `moving(browser.request(…))`.
    func request(_ path: String, _ fields: [String: String] = [:]) -> @Sendable () async throws -> Reply {
        let all = ["form_token": hidden("form_token") ?? "", "once": hidden("once") ?? ""].merging(fields) { $1 }
        let body = all.map { "\(PercentEncoding.encode($0.key))=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
        let sent = headers.merging(["Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"]) { $1 }
        return { [installation] in try await installation.send(.post, path, Array(body.utf8), headers: sent) }
    }

    /// Sends a body as it is, from a page of ours.
    @discardableResult func send(_ path: String, _ body: String, type: String) async throws -> Reply {
        let own = ["Content-Type": type, "Sec-Fetch-Site": "same-origin"]
        take(try await installation.send(.post, path, Array(body.utf8), headers: headers.merging(own) { $1 }))
        return reply
    }

    var page: String { reply.text }
    var location: String? { reply.header("Location") }

    /// The secret on the page; nil when there is none.
    var secret: String? { between("<code id=\"secret\" aria-labelledby=\"secret-label\">", "<") }

    func hidden(_ name: String) -> String? { between("name=\"\(name)\" value=\"", "\"") }

    /// The id of the row that holds the words.
    func keyID(_ words: String) -> String? {
        page.split(separator: "<tr data-key-id=\"").dropFirst().first { $0.contains(words) }.map { String($0.prefix { $0 != "\"" }) }
    }

    private func between(_ start: String, _ end: Character) -> String? {
        guard let range = page.firstRange(of: start) else { return nil }
        return String(page[range.upperBound...].prefix { $0 != end })
    }

    private var headers: [String: String] {
        var headers = ["Accept": "text/html"]
        let cookies = [cookie.map { "cloudapi_session=\($0)" }, mode.map { "cloudapi_mode=\($0)" }].compactMap { $0 }
        if !cookies.isEmpty { headers["Cookie"] = cookies.joined(separator: "; ") }
        return headers
    }

    private func take(_ reply: Reply) {
        self.reply = reply
        if let set = reply.header("Set-Cookie"), set.hasPrefix("cloudapi_mode=") {
            mode = String(set.dropFirst("cloudapi_mode=".count).prefix { $0 != ";" })
        }
        guard let set = reply.header("Set-Cookie"), set.hasPrefix("cloudapi_session=") else { return }
        let value = String(set.dropFirst("cloudapi_session=".count).prefix { $0 != ";" })
        cookie = value.isEmpty ? nil : value
    }
}

/// A server that browsers reach through a proxy.
func publishedByHTTPS(_ configuration: inout ServerConfiguration) { configuration.publicURL = "https://cloud.example.com" }

extension Browser {
    /// Switches to the live or the test side, as somebody would on the projects page.
    func look(at mode: String) async throws {
        try await go("/app/projects")
        try await submit("/app/mode", ["mode": mode])
    }

    /// A member of the workspace with that role in one project.
    static func member(_ installation: Installation, _ role: String, of project: String, email: String = "vic@home.example") async throws
        -> Browser
    {
        let home = installation.home
        let invited = try await installation.post("/v1/users", as: home.sessionToken, ["email": .string(email)]).expecting(201)
        _ = try await installation.put(
            "/v1/projects/\(project)/members/\(invited.text("id"))", as: home.sessionToken, ["role": .string(role)]
        ).expecting(200)
        let browser = try await Browser(installation)
        let token = invited["invitation"]?["token"]?.string ?? ""
        try await browser.submit("/app/invitation", ["token": token, "password": Installation.password], token: false)
        return browser
    }
}
