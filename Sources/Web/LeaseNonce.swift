import HTTPTypes
import Kernel

/// The header `Lease-Nonce`: what its holder shows of a lease, and of several leases, parted by commas, where a call changes several resources.
package enum LeaseNonce {
    package static let pattern = "^lse_[0-9A-Za-z]{49}([ \\t]*,[ \\t]*lse_[0-9A-Za-z]{49})*$"

    /// Nil when it is no list of nonces. That one was ever given out is not asked.
    static func list(_ text: String) -> [String]? {
        let nonces = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            String(part.drop { $0.isBlank }.reversed().drop { $0.isBlank }.reversed())
        }
        return nonces.allSatisfy(isNonce) ? nonces : nil
    }

    private static func isNonce(_ text: String) -> Bool {
        text.utf8.count == 53 && text.hasPrefix(Secret.Prefix.lease.rawValue)
            && text.utf8.dropFirst(4).allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            }
    }
}

extension Call {
    /// The nonces of the leases that the caller says it holds.
    package var leaseNonces: [String] { headers[.leaseNonce].flatMap(LeaseNonce.list) ?? [] }
}

extension HTTPField.Name {
    static let leaseNonce = HTTPField.Name("Lease-Nonce")!  // a token, as RFC 9110 wants
}

extension Character {
    fileprivate var isBlank: Bool { self == " " || self == "\t" }
}
