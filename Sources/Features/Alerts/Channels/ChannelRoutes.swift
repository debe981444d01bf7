import HTTPTypes
import Kernel
package import Outgoing
import Storage
package import Vault
package import Web

/// `/v1/channels/slack`: where alerts are posted.
package struct ChannelRoutes: Sendable {
    let messenger: SlackMessenger
    let outgoing: Outgoing
    let vault: Vault

    package init(messenger: SlackMessenger, outgoing: Outgoing, vault: Vault) {
        self.messenger = messenger
        self.outgoing = outgoing
        self.vault = vault
    }

    package var all: [Route] {
        [
            Route(
                .get, "/v1/channels/slack", .scope(.alertsRead), "See whether Slack is connected", answers: [.ok(SlackChannelView.schema)],
                problems: [.forbidden], handler: get),
            Route(
                .put, "/v1/channels/slack", .scope(.alertsWrite), "Connect Slack",
                details: "`url` is an incoming-webhook URL. It is kept sealed and never shown. What was held for the want of it is posted.",
                body: .required(.object([.required("url", .string(1...2000, .uri))])), answers: [.ok(SlackChannelView.schema)],
                problems: [.forbidden], handler: put),
            Route(
                .delete, "/v1/channels/slack", .scope(.alertsWrite), "Disconnect Slack",
                details: "What is to be posted is held until it is connected again.", answers: [.noContent()], problems: [.forbidden],
                handler: delete),
            Route(
                .post, "/v1/channels/slack/test", .scope(.alertsWrite), "Post a test message to Slack",
                answers: [.init(status: 202, description: "It is on its way.", schema: SlackChannelView.schema)],
                problems: [.forbidden, .invalidState], handler: test),
        ]
    }

    private func get(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.viewer)
        return .json(.ok, try await call.read { try SlackChannelView.read(in: call.caller.tenant, $0) })
    }

    private func put(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        let url = call.body?["url"]?.string ?? ""
        do {
            try outgoing.check(url)
        } catch {
            throw Problem.invalid("url", "Nothing is sent there: \(error.description)", code: "refused_url")
        }
        let answer = try await call.commit { [vault] connection in
            try SlackChannel.connect(url, by: call.attribution, vault, connection)
            return .json(.ok, try SlackChannelView.read(in: call.caller.tenant, connection))
        }
        messenger.wake()
        return answer
    }

    private func delete(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        return try await call.commit { connection in
            try SlackChannel.disconnect(by: call.attribution, connection)
            return .noContent
        }
    }

    private func test(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        let answer = try await call.commit { connection in
            let tenant = call.caller.tenant
            guard try SlackChannel.find(in: tenant, connection) != nil else {
                throw Problem(.invalidState, "Slack is not connected: `PUT /v1/channels/slack` first.")
            }
            try SlackMessage.queue("A test message of CloudAPI.", "test", of: nil, by: call.attribution, connection)
            connection.append(EventDraft("channel.tested", subject: "slack", data: ["type": "slack"]), by: call.attribution)
            return .json(.accepted, try SlackChannelView.read(in: tenant, connection))
        }
        messenger.wake()
        return answer
    }
}
