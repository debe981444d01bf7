/// The form of every secret: a visible prefix, 43 base62 characters (256 random bits) and 6 base62 characters of CRC-32 over all before.
///
/// The checksum lets a mistyped secret be refused before anything is looked up, and lets secret scanners be sure of a find.
package enum Secret {
    package enum Prefix: String, Sendable, CaseIterable {
        case projectLive = "sk_live_"
        case projectTest = "sk_test_"
        case workspaceLive = "pk_live_"
        case workspaceTest = "pk_test_"
        case token = "cap_"
        case session = "ses_"
        case invitation = "inv_"
        /// Names a data stream; no credential.
        case stream = "dst_"
        case oauthToken = "oat_"
        case oauthRefresh = "ort_"
        /// An authorization code; good for one exchange, no credential.
        case oauthCode = "oac_"
        /// What an OAuth client proves itself with at the token endpoint; no credential anywhere else.
        case oauthSecret = "ocs_"
        /// What the holder of a lease shows; no credential.
        case lease = "lse_"
    }

    /// A new secret from 32 random bytes.
    package static func make(_ prefix: Prefix, randomBytes: [UInt8]) -> String {
        precondition(randomBytes.count == 32)
        var text = Array(prefix.rawValue.utf8)
        text.append(contentsOf: base62(randomBytes))
        text.append(contentsOf: checksum(of: text[...]))
        return String(decoding: text, as: UTF8.self)
    }

    /// The prefix of a well-formed secret with a right checksum; nil for anything else.
    package static func prefix(of text: String) -> Prefix? {
        var copy = text
        return copy.withUTF8 { bytes -> Prefix? in
            guard bytes.count >= 53, bytes.count <= 57,
                let prefix = Prefix.allCases.first(where: {
                    bytes.count == $0.rawValue.utf8.count + 49 && bytes.starts(with: $0.rawValue.utf8)
                })
            else { return nil }
            var rest = CRC32.checksum(of: UnsafeBufferPointer(rebasing: bytes[..<(bytes.count - 6)]))
            for digit in bytes[(bytes.count - 6)...].reversed() {
                guard digit == alphabet[Int(rest % 62)] else { return nil }
                rest /= 62
            }
            return prefix
        }
    }

    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// 256 bits as 43 base62 digits, most significant first (62^43 > 2^256).
    private static func base62(_ bytes: [UInt8]) -> [UInt8] {
        var number = bytes
        var digits = [UInt8](repeating: alphabet[0], count: 43)
        for place in stride(from: 42, through: 0, by: -1) {
            var remainder = 0
            for index in number.indices {
                let value = remainder << 8 | Int(number[index])
                number[index] = UInt8(value / 62)
                remainder = value % 62
            }
            digits[place] = alphabet[remainder]
        }
        return digits
    }

    private static func checksum(of bytes: some Sequence<UInt8>) -> [UInt8] {
        var rest = CRC32.checksum(of: bytes)
        var digits = [UInt8](repeating: alphabet[0], count: 6)
        for place in stride(from: 5, through: 0, by: -1) {
            digits[place] = alphabet[Int(rest % 62)]
            rest /= 62
        }
        return digits
    }
}

/// CRC-32 as in ISO 3309 and zlib (reflected, polynomial 0xEDB88320).
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }

    static func checksum(of bytes: some Sequence<UInt8>) -> UInt32 {
        let table = table
        return ~bytes.reduce(~UInt32(0)) { sum, byte in table[Int((sum ^ UInt32(byte)) & 0xFF)] ^ (sum >> 8) }
    }
}
