package import Kernel
package import Logging
package import Outgoing
package import Storage
import Synchronization
package import Vault

/// Posts what is queued. A server that dies between Slack's answer and the row that tells of it posts once more: Slack knows no ids.
package final class SlackMessenger: Sendable {
    /// Sends one request, as `Outgoing.send` does.
    package typealias Send = @Sendable (OutgoingRequest) async throws(OutgoingError) -> OutgoingResponse

    private static let interval = Duration.seconds(1)

    private let store: Store
    private let vault: Vault
    private let surroundings: Surroundings
    private let logger: Logger
    private let send: Send
    private let busy = Mutex<Set<Tenant>>([])
    private let bell = Bell()

    package init(store: Store, vault: Vault, surroundings: Surroundings, logger: Logger, send: @escaping Send) {
        self.store = store
        self.vault = vault
        self.surroundings = surroundings
        self.logger = logger
        self.send = send
    }

    func wake() { bell.ring() }

    /// Posts all that is due, the channels beside each other.
    package func sendDue() async throws {
        let tenants = try await store.read { try SlackChannel.tenants($0) }
        await withDiscardingTaskGroup { group in
            for tenant in tenants { group.addTask { await self.sendDue(to: tenant) } }
        }
    }

    private func sendDue(to tenant: Tenant) async {
        // Another hand posts for it already; two would mix up the order.
        guard busy.withLock({ $0.insert(tenant).inserted }) else { return }
        defer { busy.withLock { _ = $0.remove(tenant) } }
        do {
            while !Task.isCancelled, try await sendNext(to: tenant) {}
        } catch {
            logger.error("a message cannot be posted", metadata: ["workspace": "\(tenant.workspace)", "error": "\(error)"])
        }
    }

    /// Answers whether the next one may go too.
    private func sendNext(to tenant: Tenant) async throws -> Bool {
        let now = surroundings.now()
        let found = try await store.read { connection -> (SlackChannel, SlackMessage)? in
            guard let channel = try SlackChannel.find(in: tenant, connection), channel.status == .connected,
                let message = try SlackMessage.next(in: tenant, connection), message.dueAt <= now
            else { return nil }
            return (channel, message)
        }
        guard let (channel, message) = found else { return false }
        let url = try channel.opened(by: vault)
        let request = OutgoingRequest(
            .post, url,
            headers: [("Content-Type", "application/json; charset=utf-8"), ("User-Agent", "CloudAPI")]
                + (message.trace.map { [("traceparent", $0.child(surroundings.random()).traceparent)] } ?? []),
            body: Array(message.body.utf8), bodyLimit: 1024, onlyToOpened: url.lowercased().hasPrefix("http:"))
        do {
            return try await note(try await send(request), channel, message)
        } catch let error as OutgoingError {
            guard error != .cancelled else { return false }
            return try await retry(message, after: nil, error.description)
        }
    }

    private func note(_ response: OutgoingResponse, _ channel: SlackChannel, _ message: SlackMessage) async throws -> Bool {
        let now = surroundings.now()
        let said = "\(response.status) \(String(decoding: response.body.prefix(200), as: UTF8.self))"
        switch response.status {
        case 200...299:
            try await store.write(in: message.tenant.workspace) { connection in
                try message.save(.delivered, error: nil, at: now, connection)
                try SlackChannel.noteDelivery(in: message.tenant, at: now, connection)
            }
            return true
        // The URL was revoked, or its channel archived: more of the same helps nobody.
        case 401, 403, 404, 410:
            let by = Attribution(
                tenant: message.tenant, actor: .system("channels"), address: nil, request: nil, surroundings: surroundings)
            try await store.write(in: message.tenant.workspace) { connection in try channel.fail(said, by: by, connection) }
            return false
        case 408, 429, 500...: return try await retry(message, after: response.header("retry-after").flatMap { Int64($0) }, said)
        default:
            try await store.write(in: message.tenant.workspace) { connection in try message.save(.failed, error: said, at: now, connection)
            }
            return true
        }
    }

    private func retry(_ message: SlackMessage, after seconds: Int64?, _ error: String) async throws -> Bool {
        let now = surroundings.now()
        guard message.attempts < SlackMessage.schedule.count else {
            try await store.write(in: message.tenant.workspace) { connection in try message.save(.failed, error: error, at: now, connection)
            }
            return true
        }
        let pause = max(SlackMessage.schedule[message.attempts], min(seconds ?? 0, 3600))
        try await store.write(in: message.tenant.workspace) { connection in
            try message.save(.queued, dueAt: now.adding(seconds: pause), error: error, at: now, connection)
        }
        return false
    }

    /// Works until it is cancelled.
    func loop() async {
        await withDiscardingTaskGroup { group in
            var signals = bell.strokes().makeAsyncIterator()
            while !Task.isCancelled {
                group.addTask {
                    do {
                        try await self.sendDue()
                    } catch {
                        self.logger.error("messages cannot be read", metadata: ["error": "\(error)"])
                    }
                }
                let alarm = Task { [surroundings, bell] in
                    // It is cancelled when something else came first.
                    if (try? await surroundings.sleep(Self.interval)) != nil { bell.ring() }
                }
                _ = await signals.next()
                alarm.cancel()
            }
        }
    }
}
