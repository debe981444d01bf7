// The live stream. One reader for each tenant that has listeners follows the log, writes each event as it is sent once, and hands the
// same bytes to every listener; nothing in here grows with the number of listeners but a reference in a queue. A listener that does not take what
// waits for it is cut off: it comes again with `Last-Event-ID` and finds the rest in the log.
//
// A listener is told a position: everything after it arrives by the hub, everything up to it is in the log. So it sees each event once,
// in order, wherever it began.

package import Kernel
package import Storage
import Synchronization
import Web

/// Hands new events to those who listen.
package final class EventHub: Sendable {
    /// An event, written as server-sent event.
    package struct Live: Sendable {
        package let sequence: Int64
        fileprivate let forAll: [UInt8]
        fileprivate let forAdmins: [UInt8]

        package func bytes(showsPersonal: Bool) -> [UInt8] { showsPersonal ? forAdmins : forAll }
    }

    private struct Listener: Sendable {
        let filter: EventFilter
        let feed: AsyncStream<Live>.Continuation
    }

    private struct Channel {
        let number: Int
        /// The last number that was handed out.
        var position: Int64
        var listeners: [Int: Listener] = [:]
    }

    private struct State {
        var next = 0
        var channels: [Tenant: Channel] = [:]
    }

    /// Events that may wait for a listener.
    package static let queue = 512
    private static let batch = 500

    private let store: Store
    private let surroundings: Surroundings
    private let state = Mutex(State())

    package init(store: Store, surroundings: Surroundings) {
        self.store = store
        self.surroundings = surroundings
    }

    /// How many listen at this moment.
    package var listeners: Int { state.withLock { $0.channels.values.reduce(0) { $0 + $1.listeners.count } } }

    /// Follows the log until the task is cancelled.
    package func run() async throws {
        try await store.signal.follow(every: .seconds(1), surroundings) { wake in
            let heard = state.withLock { Set($0.channels.keys) }
            switch wake {
            case .anything: for tenant in heard { try await read(tenant) }
            case .committed(let tenants): for tenant in heard.intersection(tenants) { try await read(tenant) }
            }
        }
    }

    /// Lends the events after a position of its own choosing, which it tells; the sequence ends early when they are not taken in time.
    package func listen<Result>(
        to tenant: Tenant, matching filter: EventFilter, _ body: (Int64, AsyncStream<Live>) async throws -> Result
    ) async throws -> Result {
        let (events, feed) = AsyncStream.makeStream(of: Live.self, bufferingPolicy: .bufferingOldest(Self.queue))
        let (number, position) = try await add(Listener(filter: filter, feed: feed), to: tenant)
        defer { remove(number, from: tenant) }
        return try await body(position, events)
    }

    private func add(_ listener: Listener, to tenant: Tenant) async throws -> (number: Int, position: Int64) {
        func join(_ head: Int64?) -> (Int, Int64)? {
            state.withLock { state in
                guard let position = state.channels[tenant]?.position ?? head else { return nil }
                state.next += 2
                var channel = state.channels[tenant] ?? Channel(number: state.next - 1, position: position)
                channel.listeners[state.next] = listener
                state.channels[tenant] = channel
                return (state.next, position)
            }
        }
        if let joined = join(nil) { return joined }
        let head = try await store.peek { try EventLog.head(of: tenant, $0)?.sequence ?? 0 }
        let joined = join(head)!  // a head was given
        store.signal.fire([tenant])  // for what was committed since the head was read
        return joined
    }

    private func remove(_ number: Int, from tenant: Tenant) {
        state.withLock { state in
            state.channels[tenant]?.listeners[number] = nil
            if state.channels[tenant]?.listeners.isEmpty == true { state.channels[tenant] = nil }
        }
    }

    // MARK: The reader

    private func read(_ tenant: Tenant) async throws {
        while let (channel, position) = state.withLock({ state in state.channels[tenant].map { ($0.number, $0.position) } }) {
            let events = try await store.peek { try EventLog.events(in: tenant, after: position, limit: Self.batch, $0) }
            guard let last = events.last else { return }
            let listeners: [(key: Int, value: Listener)] = state.withLock { state in
                guard state.channels[tenant]?.number == channel else { return [] }
                state.channels[tenant]?.position = last.sequence
                return Array(state.channels[tenant]?.listeners ?? [:])
            }
            for event in events { try hand(event, to: listeners, of: tenant) }
            if events.count < Self.batch { return }
        }
    }

    private func hand(_ event: Event, to listeners: [(key: Int, value: Listener)], of tenant: Tenant) throws {
        var live: Live?
        for (number, listener) in listeners where listener.filter.matches(event) {
            let written = try live ?? Live(event)
            live = written
            guard case .dropped = listener.feed.yield(written) else { continue }
            listener.feed.finish()
            remove(number, from: tenant)
        }
    }
}

extension EventHub.Live {
    package init(_ event: Event) throws {
        func written(showsPersonal: Bool) throws -> [UInt8] {
            var json = JSONWriter(capacity: 1024)
            try EventView(event, showsPersonal: showsPersonal).write(to: &json)
            return EventStream.bytes(of: String(decoding: json.bytes, as: UTF8.self), id: String(event.sequence), event: nil)
        }
        self.init(
            sequence: event.sequence, forAll: try written(showsPersonal: false), forAdmins: try written(showsPersonal: true))
    }
}
