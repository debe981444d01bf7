import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Settings → Slack: where alerts speak. The hook's address is a secret and is not shown again.
struct SlackSettings: Sendable {
    let pages: DashboardPages
    private static let tab = SettingsPage.Tab.slack

    func add(to router: Router<RequestScope>) {
        router.get("/app/settings/slack") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/settings/slack") { request, scope in
            await pages.acting(request, scope, connect) { try await show($0, problem: $1) }
        }
        router.post("/app/settings/slack/test") { request, scope in
            await pages.acting(request, scope, test) { try await show($0, problem: $1) }
        }
        router.post("/app/settings/slack/deletion") { request, scope in
            await pages.acting(request, scope, disconnect) { try await show($0, problem: $1) }
        }
        for verb in ["test", "deletion"] { router.get("/app/settings/slack/\(verb)") { _, _ in Response.seeOther(Self.tab.path) } }
    }

    private static let notices = [
        "connected": "Slack is connected.", "tested": "A test message is sent; below stands what came of it.",
        "disconnected": "Slack is disconnected; messages are held.",
    ]
    private static let states = ["connected": "Connected", "not_connected": "Not connected", "failing": "Failing"]

    private func show(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let channel = try await visit.get("/v1/channels/slack")
        let isConnected = channel["status"] != "not_connected"
        var content = SettingsPage.Content(
            Self.tab, "Alerts are told in Slack through an incoming webhook. What is to be told meanwhile is held until it is connected.")
        content.error = problem?.detail
        content.notice = visit.query("done").flatMap { Self.notices[$0] }
        content.facts = [.init(name: "State", value: Self.states[channel.text("status")] ?? channel.text("status"))]
        if isConnected {
            content.facts += [
                .init(name: "Hook", value: channel.text("url")),
                .init(name: "Connected", value: channel.when("connected_at", at: visit.at)),
                .init(name: "Last delivered", value: channel.when("last_delivered_at", at: visit.at)),
            ]
        }
        content.facts += [
            .init(name: "On their way", value: channel.text("queued")), .init(name: "Held", value: channel.text("held")),
        ]
        if visit.query("done") == "tested" {
            content.facts.append(.init(name: "Test message", value: Self.outcome(channel, at: visit.at)))
            content.pause = channel.count("queued") > 0 ? 1500 : nil
        }
        if let error = channel["error"]?.string { content.facts.append(.init(name: "Slack says", value: error)) }
        guard visit.may(.alertsWrite, as: .editor) else { return visit.settings(content, status: problem?.code.status ?? 200) }
        content.forms = [
            FormPart(
                title: isConnected ? "Connect another hook" : "Connect Slack",
                about: "Make an incoming webhook in Slack and paste its address.", action: Self.tab.path, submit: "Connect",
                id: "connect-slack",
                fields: [
                    .text(
                        "url", "Address of the hook", hint: "Not shown again.", placeholder: "https://hooks.slack.com/services/…",
                        type: "password",
                        most: 2000, isRequired: true)
                ])
        ]
        if isConnected {
            content.more = [
                FormPart(
                    title: "Test it", about: "Sends a message to the channel.", action: Self.tab.path("test"), submit: "Send a test",
                    fields: []),
                FormPart(
                    title: "Disconnect", about: "Messages are held until it is connected again.", action: Self.tab.path("deletion"),
                    submit: "Disconnect", isDangerous: true, fields: []),
            ]
        }
        return visit.settings(content, status: problem?.code.status ?? 200)
    }

    /// Of a test message. One that Slack does not take is sent again for a while.
    private static func outcome(_ channel: JSON, at now: Timestamp) -> String {
        if let error = channel["error"]?.string { return "Not taken: \(error)" }
        if channel.count("queued") > 0 { return "On its way" }
        return channel.count("held") > 0 ? "Held until Slack is connected" : "Delivered, \(channel.when("last_delivered_at", at: now))"
    }

    private func connect(_ visit: Visit) async throws -> Response {
        try await visit.send(.put, "/v1/channels/slack", body: ["url": .string(visit.form.text("url"))])
        return Response.seeOther(Self.tab.path + "?done=connected")
    }

    private func test(_ visit: Visit) async throws -> Response {
        try await visit.send(.post, "/v1/channels/slack/test")
        return Response.seeOther(Self.tab.path + "?done=tested")
    }

    private func disconnect(_ visit: Visit) async throws -> Response {
        guard visit.isConfirmed else {
            return visit.ask(
                "Disconnect Slack?", "Messages are held until it is connected again.", "Disconnect", at: Self.tab.path("deletion"),
                orBackTo: Self.tab.path, section: .settings)
        }
        try await visit.send(.delete, "/v1/channels/slack")
        return Response.seeOther(Self.tab.path + "?done=disconnected")
    }
}
