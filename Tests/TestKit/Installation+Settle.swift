import Kernel
import Resources
import Server
import Storage
import Synchronization

extension Installation {
    /// Lets the engine work until nothing more is due within so many seconds of the stopped clock, which is moved as far as that takes.
    package func settle(within seconds: Int64 = 3600) async throws {
        let limit = clock.now.adding(seconds: seconds)
        while !Task.isCancelled {
            let count = try await moving { try await parts.engine.runDue() }
            if count > 0 { continue }
            guard let next = try await store.read({ try Operation.nextDue($0) }), next <= limit else { return }
            clock.advance(milliseconds: max(1, next.milliseconds - clock.now.milliseconds))
        }
    }

    /// Whether an operation can go on before anything else happens.
    package var isBusy: Bool {
        get async throws { try await store.read { try Operation.nextDue($0) } != nil }
    }

    /// Runs `work`, and moves the clock on while it waits for it.
    package func moving<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let isOver = Mutex(false)
        async let result = {
            defer { isOver.withLock { $0 = true } }
            return try await work()
        }()
        while !isOver.withLock({ $0 }), !Task.isCancelled {
            if clock.sleepers > 0 { clock.advance(milliseconds: 10) }
            await Task.yield()
        }
        return try await result
    }
}
