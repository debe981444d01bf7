// How a commit on one server wakes those who read the log on the others. A NOTIFY inside of the transaction would make all commits of the
// database queue up for its lock, through their fsyncs; so what was committed is told a moment later, by a statement of its own, many
// commits at once. One that is lost with its server is found by the reader's own rounds, as ever.

import CPostgres
import Glibc
import Kernel
import NIOPosix
import Synchronization

/// Carries the signal of commits between the servers on one PostgreSQL.
final class SignalRelay: Sendable {
    private static let channel = "cloudapi_events"
    /// A message may have 7999 bytes.
    private static let tenantsAtOnce = 100

    private struct Outbox {
        var isRunning = false
        var tenants: Set<Tenant> = []
        var bell: AsyncStream<Void>.Continuation?
    }

    private let outbox = Mutex(Outbox())

    /// Called after each commit.
    func announce(_ tenants: [Tenant]) {
        guard !tenants.isEmpty else { return }
        let bell = outbox.withLock { outbox -> AsyncStream<Void>.Continuation? in
            guard outbox.isRunning else { return nil }
            outbox.tenants.formUnion(tenants)
            return outbox.bell
        }
        bell?.yield()
    }

    func run(
        on engine: PostgresEngine, _ signal: EventSignal, _ surroundings: Surroundings, failed: @escaping @Sendable (any Error) -> Void
    ) async {
        // By this a server tells its own messages from others'.
        let name = String(surroundings.random(), radix: 36)
        let (bells, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        outbox.withLock { $0 = Outbox(isRunning: true, bell: bell) }
        defer { outbox.withLock { $0 = Outbox() } }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in bells {
                    do {
                        try await self.send(name, engine)
                    } catch {
                        failed(error)
                    }
                }
            }
            group.addTask { await self.listen(name, engine, signal, surroundings, failed) }
        }
    }

    private func send(_ name: String, _ engine: PostgresEngine) async throws {
        let tenants = outbox.withLock { outbox in
            defer { outbox.tenants = [] }
            return Array(outbox.tenants)
        }
        for start in stride(from: 0, to: tenants.count, by: Self.tenantsAtOnce) {
            let part = tenants[start..<min(start + Self.tenantsAtOnce, tenants.count)]
            let message = ([name] + part.map { "\($0.workspace):\($0.mode.rawValue)" }).joined(separator: " ")
            try await engine.peek { connection in
                _ = try connection.rows("SELECT pg_notify(?, ?)", Self.channel, message) { _ in }
            }
        }
    }

    /// Hears on a connection and a thread of its own; a lost one is made again.
    private func listen(
        _ name: String, _ engine: PostgresEngine, _ signal: EventSignal, _ surroundings: Surroundings,
        _ failed: @escaping @Sendable (any Error) -> Void
    ) async {
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        while !Task.isCancelled {
            do {
                let handle = try await thread.runIfActive { try engine.separate("LISTEN " + Self.channel) }
                while !Task.isCancelled {
                    let heard = try await thread.runIfActive { try handle.notifications(within: 200) }
                    signal.fire(heard.flatMap { Self.tenants(in: $0, unlessOf: name) })
                }
            } catch {
                failed(error)
                guard (try? await surroundings.sleep(.seconds(1))) != nil else { break }  // cancelled
            }
        }
        try? await thread.shutdownGracefully()  // nothing runs on it any more
    }

    private static func tenants(in message: String, unlessOf name: String) -> [Tenant] {
        let words = message.split(separator: " ")
        guard words.first != name[...] else { return [] }
        return words.dropFirst().compactMap { word in
            let parts = word.split(separator: ":")
            guard parts.count == 2, let mode = Mode(rawValue: String(parts[1])) else { return nil }
            return Tenant(workspace: WorkspaceID(String(parts[0])), mode: mode)
        }
    }
}

extension PostgresHandle {
    /// What was said on the channels it listens to, waiting so many milliseconds for something. Throws `.unavailable` when it is cut off.
    func notifications(within milliseconds: CInt) throws(StorageError) -> [String] {
        try awaitInput(milliseconds)
        var messages: [String] = []
        while let message = nextNotification() { messages.append(message) }
        return messages
    }
}
