// Two loops, and everything between them is a row. One turns the log into deliveries (`FanOut`); the other sends what is due. What is being
// sent is known in memory alone: a server that dies in the middle of an attempt finds the delivery due, and sends it again under the same
// `webhook-id`, which is what receivers tell repetitions by.
//
// Each endpoint has a lane of its own, with room for a few attempts at once, so that one that hangs fills its own lane and delays nobody;
// one that keeps failing has room for a single attempt, so that even many of them leave the whole free for the others.

package import Kernel
package import Logging
package import Outgoing
import ServiceLifecycle
package import Storage
import Synchronization
package import Vault

/// Tells endpoints of what happens.
package final class Courier: Sendable {
    package struct Limits: Sendable {
        /// Attempts under way at one moment: to one endpoint, and in all.
        package var each = 8
        package var total = 256
        /// Failures in a row after which an endpoint has room for one attempt only.
        package var doubt = 3
        /// How long an attempt may take.
        package var timeout = Duration.seconds(15)

        package init() {}
    }

    /// Sends one request, as `Outgoing.send` does.
    package typealias Send = @Sendable (OutgoingRequest) async throws(OutgoingError) -> OutgoingResponse

    /// Whose cursor it is.
    static let consumer = "webhooks"
    /// How many events one transaction takes from the log.
    static let part = 200
    /// How often everything is looked at, whether or not something was said.
    private static let rounds: Int64 = 5

    let store: Store
    let vault: Vault
    let surroundings: Surroundings
    let logger: Logger
    let limits: Limits
    let send: Send
    let lanes = Mutex(Lanes())
    private let bell = Bell()

    package init(store: Store, vault: Vault, surroundings: Surroundings, logger: Logger, limits: Limits = .init(), send: @escaping Send) {
        self.store = store
        self.vault = vault
        self.surroundings = surroundings
        self.logger = logger
        self.limits = limits
        self.send = send
    }

    /// Says that something may be due to these endpoints. Called after the commit that made it so.
    func wake(_ addresses: Set<Address>) {
        guard !addresses.isEmpty else { return }
        lanes.withLock { $0.stirred.formUnion(addresses) }
        bell.ring()
    }

    /// How many attempts are under way.
    package var underWay: Int { lanes.withLock { $0.underWay } }

    // MARK: Sending

    /// Sends all that is due to any endpoint, each once, and waits for the outcome; answers how many there were.
    package func sendDue() async throws -> Int {
        lanes.withLock { $0.nextRound = Timestamp(milliseconds: 0) }
        var count = 0
        while true {
            let parcels = try await pick()
            guard !parcels.isEmpty else { return count }
            count += parcels.count
            await withDiscardingTaskGroup { group in
                for parcel in parcels { group.addTask { await self.carry(parcel) } }
            }
        }
    }

    /// Takes what is due and has room, and the room.
    private func pick() async throws -> [Parcel] {
        let now = surroundings.now()
        let (stirred, isRound) = lanes.withLock { $0.takeStirred(at: now, roundsEvery: Self.rounds) }
        var left = stirred
        var parcels: [Parcel] = []
        do {
            if isRound { left.formUnion(try await store.read { try Webhook.enabled($0) }) }
            while let address = left.first {
                parcels += try await pick(for: address, at: now)
                left.remove(address)
            }
        } catch {
            lanes.withLock { $0.stirred.formUnion(left) }
            // What has its room already must be carried.
            guard !parcels.isEmpty else { throw error }
        }
        return parcels
    }

    private func pick(for address: Address, at now: Timestamp) async throws -> [Parcel] {
        // Looked at before the rows: what ends in between has written its row by then.
        let (running, room) = lanes.withLock { $0.room(in: address, limits, at: now) }
        guard room > 0 else { return [] }
        let (parcels, nextDue) = try await store.read { connection -> ([Parcel], Timestamp?) in
            guard let webhook = try Webhook.find(address.webhook, in: address.tenant, connection), webhook.isEnabled else {
                return ([], nil)
            }
            if let pausedUntil = webhook.health.pausedUntil, pausedUntil > now { return ([], pausedUntil) }
            let due = try Delivery.due(to: webhook, by: now, limit: running.count + room, connection).filter { !running.contains($0.id) }
            let parcels = try due.prefix(room).map { delivery in
                Parcel(webhook: webhook, delivery: delivery, event: try Event.find(delivery.sequence, in: address.tenant, connection))
            }
            return (parcels, try Delivery.nextDue(to: webhook, after: now, connection))
        }
        return lanes.withLock { $0.take(parcels, in: address, nextDue: nextDue, at: now) }
    }

    /// Makes the attempt, notes what came of it, and gives back the room.
    private func carry(_ parcel: Parcel) async {
        let outcome = await attempt(parcel)
        lanes.withLock { $0.giveBack(parcel, outcome, at: surroundings.now()) }
        bell.ring()
    }

    private func sendLoop() async {
        await withDiscardingTaskGroup { group in
            var signals = bell.strokes().makeAsyncIterator()
            while !Task.isCancelled {
                var pause = Duration.seconds(1)
                do {
                    for parcel in try await pick() { group.addTask { await self.carry(parcel) } }
                    pause = lanes.withLock { $0.pause(at: surroundings.now()) }
                } catch {
                    logger.error("deliveries cannot be read", metadata: ["error": "\(error)"])
                }
                let alarm = Task { [surroundings, bell, pause] in
                    // Cancelled when something else came first; ringing then too would never let the loop rest.
                    guard (try? await surroundings.sleep(pause)) != nil else { return }
                    bell.ring()
                }
                _ = await signals.next()
                alarm.cancel()
            }
        }
    }
}

extension Courier: Service {
    /// Works until the server stops; attempts under way then are made again at the next start.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.readLoop() }
                group.addTask { await self.sendLoop() }
            }
        }
    }

    private func readLoop() async {
        while !Task.isCancelled {
            do {
                try await store.signal.follow(every: .seconds(1), surroundings) { wake in try await distribute(wake) }
            } catch is CancellationError {
                return
            } catch {
                logger.error("the log cannot be turned into deliveries", metadata: ["error": "\(error)"])
                guard (try? await surroundings.sleep(.seconds(1))) != nil else { return }  // cancelled
            }
        }
    }
}

/// A delivery with all that is needed to make an attempt at it.
struct Parcel: Sendable {
    let webhook: Webhook
    let delivery: Delivery
    /// Nil when it is past the log's retention.
    let event: Event?

    var address: Address { Address(tenant: webhook.tenant, webhook: webhook.id) }
}
