import Kernel
package import Metering
import Outgoing

extension ServerConfiguration {
    /// The ClickHouse that the operator named, wherever it is: what customers name is held to `allowEgress`, this is not theirs to name.
    package func pointStore(sleep: @escaping @Sendable (Duration) async throws -> Void) -> (any PointStore)? {
        guard let address = pointsURL.flatMap({ ClickHouseAddress($0) }) else { return nil }
        let anywhere = Egress(ranges: ["0.0.0.0/0", "::/0"].compactMap { AddressRange($0) })
        let outgoing = Outgoing(allowing: anywhere, sleep: sleep)
        return ClickHousePoints(address) { try await outgoing.send($0) }
    }
}
