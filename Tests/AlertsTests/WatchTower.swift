import Alerts
import Kernel
import Logging
import Outgoing
import Server
import Storage
import Synchronization
import TestKit

/// A server whose alerts are looked at when the test says so, and a Slack of its own.
struct WatchTower: Sendable {
    let cloud: Installation
    let slack: Slack
    let messenger: SlackMessenger
    let evaluator: AlertEvaluator
    var key: String { cloud.home.liveKey }
    var account: String { cloud.home.account.rawValue }
    var project: String { cloud.home.project.rawValue }

    init(_ cloud: Installation, slack: Slack = Slack()) {
        self.cloud = cloud
        self.slack = slack
        var logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        messenger = SlackMessenger(
            store: cloud.store, vault: cloud.parts.vault, surroundings: cloud.place.surroundings, logger: logger, send: slack.receive)
        evaluator = AlertEvaluator(
            store: cloud.store, engine: cloud.parts.engine, messenger: messenger, sources: cloud.parts.alertSources,
            surroundings: cloud.place.surroundings, logger: logger)
    }

    static func run(_ body: @escaping @Sendable (WatchTower) async throws -> Void) async throws {
        try await Installation.run { cloud in try await body(WatchTower(cloud)) }
    }

    /// Makes an alert; answers its id.
    func alert(_ rule: String, on subject: [JSON.Member]? = nil, _ more: [JSON.Member] = []) async throws -> String {
        let subject = subject ?? [.init("account_id", .string(account))]
        let body: JSON = .object(subject + [.init("rule", .string(rule)), .init("channel", "slack")] + more)
        return try await cloud.post("/v1/alerts", as: key, body).expecting(201).text("id")
    }

    func state(_ alert: String) async throws -> String {
        try await cloud.get("/v1/alerts/\(alert)", as: key).expecting(200).text("state")
    }

    func connectSlack() async throws {
        _ = try await cloud.put("/v1/channels/slack", as: key, ["url": "https://hooks.slack.example/services/T0/B0/secret"]).expecting(200)
    }

    /// Looks at everything once, and posts what is to be posted.
    func look() async throws {
        try await evaluator.evaluate(.anything)
        try await messenger.sendDue()
    }

    /// Sets what the account has used this month, of a limit of a thousand.
    func use(_ requests: Int) async throws {
        _ = try await cloud.patch("/v1/accounts/\(account)", as: key, ["quota_requests": 1000]).expecting(200)
        let hour = cloud.clock.now.floored(toSeconds: 3600)
        try await cloud.store.write { [self] connection in
            try connection.execute("DELETE FROM request_hours WHERE workspace = ?", cloud.home.workspace)
            try connection.execute(
                "INSERT INTO request_hours (workspace, mode, account, hour, project, requests) VALUES (?, 'live', ?, ?, '', ?)",
                cloud.home.workspace, cloud.home.account, hour, requests)
        }
    }

    /// Sets what a project has used this month, and of what limit; nil for none.
    func use(_ requests: Int, limit: Int? = 1000, of project: String) async throws {
        let hour = cloud.clock.now.floored(toSeconds: 3600)
        try await cloud.store.write { [self] connection in
            try connection.execute("DELETE FROM request_hours WHERE workspace = ? AND project = ?", cloud.home.workspace, project)
            try connection.execute(
                "INSERT INTO request_hours (workspace, mode, account, hour, project, requests) VALUES (?, 'live', ?, ?, ?, ?)",
                cloud.home.workspace, cloud.home.account, hour, project, requests)
            try connection.execute(
                "UPDATE projects SET quota_requests = ? WHERE workspace = ? AND id = ?", limit, cloud.home.workspace, project)
        }
    }

    /// Makes a project; answers its id.
    func project(_ name: String) async throws -> String {
        try await cloud.post("/v1/projects", as: key, ["name": .string(name)]).expecting(201).text("id")
    }

    /// The groups of an alert: their only value, and their state.
    func groups(_ alert: String) async throws -> [String: String] {
        let found = try await cloud.get("/v1/alerts/\(alert)", as: key).expecting(200)["groups"]?.array ?? []
        return Dictionary(
            found.map { ($0["group"]?.members?.first?.value.string ?? "", $0["state"]?.string ?? "") }, uniquingKeysWith: { $1 })
    }

    func events(_ type: String) async throws -> [JSON] {
        let tenant = Tenant(workspace: cloud.home.workspace, mode: .live)
        return try await cloud.store.read { connection in
            try EventLog.events(in: tenant, after: 0, limit: 1000, connection).filter { $0.type == type }.map { try $0.row }
        }
    }
}

/// Behaves as Slack's incoming webhooks do.
final class Slack: Sendable {
    private let state = Mutex<(texts: [String], traces: [String], answer: (Int, String))>(([], [], (200, "ok")))

    var texts: [String] { state.withLock { $0.texts } }
    /// `traceparent` of every request, answered well or not.
    var traces: [TraceContext] { state.withLock { $0.traces.compactMap { TraceContext(traceparent: $0) } } }

    /// What it answers from now on.
    func answer(_ status: Int, _ body: String) { state.withLock { $0.answer = (status, body) } }

    @Sendable func receive(_ request: OutgoingRequest) async throws(OutgoingError) -> OutgoingResponse {
        let json = (try? JSONParser.parse(request.body)) ?? .null
        return state.withLock { state in
            guard let text = json["text"]?.string else { return OutgoingResponse(status: 400, body: Array("invalid_payload".utf8)) }
            state.traces += request.headers.filter { $0.name.lowercased() == "traceparent" }.map(\.value)
            if state.answer.0 == 200 { state.texts.append(text) }
            return OutgoingResponse(status: state.answer.0, body: Array(state.answer.1.utf8))
        }
    }
}
