import ArgumentParser
import Foundation
package import Kernel
package import Webhooks

/// Lets a program on this machine get webhooks from a server that cannot reach it.
struct Listen: RemoteCommand {
    static let configuration = CommandConfiguration(
        abstract: "Follow the events and post each to a program on this machine, signed as real deliveries are.",
        discussion: """
            Nothing is registered at the server. The body and the signature's form are those of a delivery (Standard Webhooks); the secret is \
            this command's own, printed when it begins. What the program does not answer with 2xx is told and not sent again.
            """)

    @OptionGroup var remote: RemoteOptions
    @Option(help: "Where to post, such as http://localhost:3000/hook.")
    var forwardTo: String
    @Option(help: "Only these, such as instance.*.")
    var type: String?
    @Option(help: "whsec_ and 32 bytes in base64; made up when left out.")
    var secret: String?
    @Option(help: "From after this event's number; 0 is the beginning, the present when left out.")
    var after: Int64?
    @Option(help: "End after so many.")
    var count: Int?

    func run(_ server: Remote) async throws {
        let secret = try signer()
        let ping = try await server.get("/v1/ping").json
        let letter = LocalLetter(workspace: ping["workspace_id"] ?? .null, mode: ping["mode"] ?? .null)
        if !remote.json { Terminal.out("Secret   \(secret.text)\nPosting to \(forwardTo).") }
        var left = count ?? .max
        try await EventStream(server: server, query: [("type", type)], after: after).follow { event, text in
            let body = letter.body(of: event)
            let headers = LocalLetter.headers(event["id"]?.string ?? "", body, secret, at: Int64(Date().timeIntervalSince1970))
            let outcome: String
            do {
                let status = try await server.forward(body, to: forwardTo, headers: headers)
                outcome = String(status)
            } catch let unreachable as Unreachable {
                outcome = "not delivered: \(unreachable.reason)"
            }
            if remote.json {
                Terminal.out(json: text)
            } else {
                Terminal.out("\(event["seq"]?.integer ?? 0)  \(event["type"]?.string ?? "")  \(event["id"]?.string ?? "")  \(outcome)")
            }
            left -= 1
            return left > 0
        }
    }

    private func signer() throws -> WebhookSecret {
        guard let secret else {
            return WebhookSecret((0..<32).map { _ in UInt8.random(in: .min ... .max) })
        }
        guard secret.hasPrefix("whsec_"), let key = Data(base64Encoded: String(secret.dropFirst(6))), !key.isEmpty else {
            throw ValidationError("--secret takes whsec_ and base64.")
        }
        return WebhookSecret(Array(key))
    }
}

/// A delivery made here from an event of the stream: the same bytes as the server's own (Webhooks/Deliveries/WebhookMessage.swift).
package struct LocalLetter: Sendable {
    let workspace: JSON
    let mode: JSON

    package init(workspace: JSON, mode: JSON) {
        self.workspace = workspace
        self.mode = mode
    }

    package func body(of event: JSON) -> [UInt8] {
        // Addresses of people are in the log and never in a letter; the server sends the rest as its log keeps it, by name.
        let actor = event["actor"]?.members.map { members in JSON.object(members.filter { $0.name != "ip" }.sorted { $0.name < $1.name }) }
        let letter = JSON.object([
            .init("id", event["id"] ?? .null), .init("type", event["type"] ?? .null), .init("timestamp", event["occurred_at"] ?? .null),
            .init("workspace_id", workspace), .init("mode", mode), .init("seq", event["seq"] ?? .null),
            .init("subject", event["subject"] ?? .null), .init("project_id", event["project_id"] ?? .null), .init("actor", actor ?? .null),
            .init("request_id", event["request_id"] ?? .null), .init("data", event["data"] ?? .null),
        ])
        var json = JSONWriter()
        letter.write(to: &json)
        return json.bytes
    }

    package static func headers(_ id: String, _ body: [UInt8], _ secret: WebhookSecret, at seconds: Int64) -> [(String, String)] {
        [
            ("content-type", "application/json"), ("user-agent", "CloudAPI-Webhooks/1"), ("webhook-id", id),
            ("webhook-timestamp", String(seconds)), ("webhook-signature", secret.signature(id: id, timestamp: seconds, body: body)),
        ]
    }
}
