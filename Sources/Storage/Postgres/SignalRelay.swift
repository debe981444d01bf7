// How a commit on one server wakes those who read the log on the others. A NOTIFY inside of the transaction would make all commits of the
// database queue up for its lock, through their fsyncs; so what was committed is told a moment later, by a statement of its own, many
// commits at once. One that is lost with its server is found by the reader's own rounds, as ever.
//
// A message is the name of its server and words: `workspace:mode` for a commit, and with a question mark before it whatever one server tells
// the others beside that.

import CPostgres
import Glibc
import Kernel
import NIOPosix
import Synchronization

/// Carries the signal of commits, and words, between the servers on one PostgreSQL.
final class SignalRelay: Sendable {
    private static let channel = "cloudapi_events"
    /// A message may have 7999 bytes.
    private static let wordsAtOnce = 39

    private struct Outbox {
        var isRunning = false
        var words: Set<String> = []
        var bell: AsyncStream<Void>.Continuation?
    }

    private let outbox = Mutex(Outbox())

    /// Called after each commit.
    func announce(_ tenants: [Tenant]) {
        guard !tenants.isEmpty else { return }
        put { $0.formUnion(tenants.lazy.map { "\($0.workspace):\($0.mode.rawValue)" }) }
    }

    func tell(_ word: String) { put { $0.insert("?" + word) } }

    private func put(_ body: (inout Set<String>) -> Void) {
        let bell = outbox.withLock { outbox -> AsyncStream<Void>.Continuation? in
            guard outbox.isRunning else { return nil }
            body(&outbox.words)
            return outbox.bell
        }
        bell?.yield()
    }

    func run(
        on engine: PostgresEngine, _ signal: EventSignal, _ surroundings: Surroundings, heard: @escaping @Sendable (String) -> Void,
        failed: @escaping @Sendable (any Error) -> Void
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
            group.addTask {
                await self.listen(name, engine, surroundings, failed) { words in
                    signal.fire(words.compactMap(Self.tenant))
                    for word in words where word.hasPrefix("?") { heard(String(word.dropFirst())) }
                }
            }
        }
    }

    private func send(_ name: String, _ engine: PostgresEngine) async throws {
        let words = outbox.withLock { outbox in
            defer { outbox.words = [] }
            return Array(outbox.words)
        }
        for start in stride(from: 0, to: words.count, by: Self.wordsAtOnce) {
            let message = ([name] + words[start..<min(start + Self.wordsAtOnce, words.count)]).joined(separator: " ")
            try await engine.peek { connection in
                _ = try connection.rows("SELECT pg_notify(?, ?)", Self.channel, message) { _ in }
            }
        }
    }

    /// Hears on a connection and a thread of its own; a lost one is made again.
    private func listen(
        _ name: String, _ engine: PostgresEngine, _ surroundings: Surroundings, _ failed: @escaping @Sendable (any Error) -> Void,
        _ hear: @Sendable ([Substring]) -> Void
    ) async {
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        while !Task.isCancelled {
            do {
                let handle = try await thread.runIfActive { try engine.separate("LISTEN " + Self.channel) }
                while !Task.isCancelled {
                    let messages = try await thread.runIfActive { try handle.notifications(within: 200) }
                    for words in messages.map({ $0.split(separator: " ") }) where words.first != name[...] {
                        hear(Array(words.dropFirst()))
                    }
                }
            } catch {
                failed(error)
                guard (try? await surroundings.sleep(.seconds(1))) != nil else { break }  // cancelled
            }
        }
        try? await thread.shutdownGracefully()  // nothing runs on it any more
    }

    private static func tenant(_ word: Substring) -> Tenant? {
        let parts = word.split(separator: ":")
        guard parts.count == 2, let mode = Mode(rawValue: String(parts[1])) else { return nil }
        return Tenant(workspace: WorkspaceID(String(parts[0])), mode: mode)
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
