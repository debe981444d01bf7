import Kernel
import Outgoing

extension AddressRange {
    static let loopback = AddressRange("127.0.0.0/8")!
}

extension IPAddress {
    static let loopback = IPAddress("127.0.0.1")!
    static let secondLoopback = IPAddress("127.0.0.2")!
    static let example = IPAddress("93.184.216.34")!
    static let router = IPAddress("192.168.0.1")!
}

extension NameLookup {
    static func always(_ addresses: IPAddress...) -> NameLookup {
        NameLookup { _ in addresses }
    }
}

extension Outgoing {
    /// May connect to this machine, and believes `lookUp`.
    static func local(
        allowing range: AddressRange = .loopback, sleep: @escaping @Sendable (Duration) async throws -> Void = Surroundings.real.sleep,
        lookUp: NameLookup = .system
    ) -> Outgoing {
        Outgoing(allowing: [range], sleep: sleep, lookUp: lookUp, dial: \.description)
    }

    /// The error of a request that must not be answered; nil if it was.
    func failure(_ request: OutgoingRequest) async -> OutgoingError? {
        do {
            _ = try await send(request)
            return nil
        } catch {
            return error
        }
    }

    func failure(_ url: String) async -> OutgoingError? {
        await failure(OutgoingRequest(.get, url))
    }
}
