package import Kernel
package import Logging
package import ServiceLifecycle
package import Storage
import Synchronization

/// Does work that one server at a time does, for as long as this is the one.
///
/// A holder that cannot renew its lease stops before the lease ends: by its own clock, counted from before it asked. What it still tries to write
/// then is refused by the lease's epoch (`LeaseHolder`), and what it was doing outside is found and looked into by the next, as after a crash.
package struct Duty: Service {
    private let lease: Lease
    private let holder: LeaseHolder
    private let store: Store
    private let surroundings: Surroundings
    private let logger: Logger
    private let begin: @Sendable () async throws -> Void
    private let services: [any Service]

    /// `begin` runs each time before the services do.
    package init(
        _ lease: Lease, _ holder: LeaseHolder, store: Store, surroundings: Surroundings, logger: Logger, services: [any Service],
        begin: @escaping @Sendable () async throws -> Void
    ) {
        self.lease = lease
        self.holder = holder
        self.store = store
        self.surroundings = surroundings
        self.logger = logger
        self.services = services
        self.begin = begin
    }

    package func run() async throws {
        holder.lose()
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    if let epoch = try await store.write({ try lease.take($0) }) { try await serve(epoch) }
                } catch  where !Task.isCancelled {
                    logger.warning("the background work cannot be taken over", metadata: ["error": "\(error)"])
                } catch {}
                // Cancelled: the server stops.
                guard (try? await surroundings.sleep(.seconds(1))) != nil else { return }
            }
        }
    }

    /// Works until the lease is lost or the server stops.
    private func serve(_ epoch: Int) async throws {
        logger.info("this server does the background work now", metadata: ["epoch": "\(epoch)"])
        holder.hold(lease, epoch)
        defer { holder.lose() }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await keep(epoch) }
                group.addTask {
                    try await begin()
                    try await work()
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch  where !Task.isCancelled {
            logger.error("the background work has failed and is given up", metadata: ["error": "\(error)"])
        } catch {}
        // In a task of its own, since this one may be cancelled, and the others need not wait for the lease's end.
        await Task { _ = try? await store.write { try lease.release(epoch, $0) } }.value
    }

    private func work() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try await service.run() } }
            try await group.waitForAll()
        }
    }

    /// Renews the lease again and again; returns when it is lost, or has not been renewed for so long that it may be.
    private func keep(_ epoch: Int) async {
        let renewal = Renewal()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while (try? await surroundings.sleep(lease.duration / 4)) != nil {  // cancelled
                    let asked = ContinuousClock.now
                    guard let isOurs = try? await store.write({ try lease.renew(epoch, $0) }) else { continue }  // the other task counts
                    guard isOurs else { return }
                    renewal.moment.withLock { $0 = asked }
                }
            }
            group.addTask {
                while (try? await surroundings.sleep(lease.duration / 10)) != nil {  // cancelled
                    guard ContinuousClock.now - renewal.moment.withLock({ $0 }) < lease.duration * 3 / 4 else { return }
                }
            }
            await group.next()
            group.cancelAll()
        }
        if !Task.isCancelled {
            logger.warning("this server no longer does the background work", metadata: ["epoch": "\(epoch)"])
        }
    }
}

/// When the lease was renewed last.
private final class Renewal: Sendable {
    let moment = Mutex(ContinuousClock.now)
}
