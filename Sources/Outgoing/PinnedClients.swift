import Kernel
import Synchronization

/// The clients of the pins used last, so that requests to one host share connections and the reading of the trusted certificates.
final class PinnedClients: Sendable {
    private struct Entry {
        let client: PinnedClient
        var lastUse: Int
    }

    private struct State {
        var entries: [Pin: Entry] = [:]
        var uses = 0
    }

    private static let capacity = 256
    private let state = Mutex(State())
    private let rule: AddressRule
    private let dial: @Sendable (IPAddress) -> String

    init(rule: AddressRule, dial: @escaping @Sendable (IPAddress) -> String) {
        self.rule = rule
        self.dial = dial
    }

    /// The one used longest ago makes room; whoever is still sending through it holds it until done.
    func client(for pin: Pin) -> PinnedClient {
        state.withLock { state in
            state.uses += 1
            if state.entries[pin] == nil, state.entries.count == Self.capacity,
                let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                state.entries[oldest.key] = nil
            }
            let client = state.entries[pin]?.client ?? PinnedClient(pin, rule: rule, dial: dial)
            state.entries[pin] = Entry(client: client, lastUse: state.uses)
            return client
        }
    }
}
