import Kernel

/// An IPv4 range as a network gives out its addresses: the first is the range's own, the second the gateway's, the last for all.
struct SimulatedRange: Sendable {
    private let first: UInt32
    /// Addresses from the first an instance can have; counted from the start of the range.
    let places: ClosedRange<Int>

    /// Nil unless it is IPv4 of /8 to /30.
    init?(_ cidr: String) {
        guard cidr.contains("/"), let range = AddressRange(cidr), range.first.isV4, (8...30).contains(range.prefix) else { return nil }
        first = UInt32(truncatingIfNeeded: range.first.bits)
        places = 2...((1 << (32 - range.prefix)) - 2)
    }

    func overlaps(_ other: SimulatedRange) -> Bool {
        first <= other.first + UInt32(other.places.upperBound) && other.first <= first + UInt32(places.upperBound)
    }

    func address(_ place: Int) -> String { IPAddress(v4: first + UInt32(place)).description }

    /// The network of instances that ask for none; everybody's, so nobody's object.
    static let defaultNetwork = "default"
    static let standard = SimulatedRange("172.16.0.0/12")
}
