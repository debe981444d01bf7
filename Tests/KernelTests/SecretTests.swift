import Testing

@testable import Kernel

@Suite struct `Secrets` {
    private static let bytes = (0..<32).map { UInt8($0 &* 7 &+ 3) }

    @Test(arguments: Secret.Prefix.allCases)
    func `show their kind, and are 43 characters and a checksum of six`(prefix: Secret.Prefix) {
        let secret = Secret.make(prefix, randomBytes: Self.bytes)
        #expect(secret.hasPrefix(prefix.rawValue))
        #expect(secret.count == prefix.rawValue.count + 49)
        #expect(secret.dropFirst(prefix.rawValue.count).allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
        #expect(Secret.prefix(of: secret) == prefix)
    }

    @Test func `differ when one random bit does`() {
        var secrets: Set<String> = [Secret.make(.session, randomBytes: Self.bytes)]
        for bit in 0..<256 {
            var bytes = Self.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            secrets.insert(Secret.make(.session, randomBytes: bytes))
        }
        #expect(secrets.count == 257)
        _ = Secret.make(.session, randomBytes: [UInt8](repeating: 0xFF, count: 32))  // the largest number still has 43 digits
    }

    @Test func `are refused with one character more, less or changed, at every place`() {
        let secret = Array(Secret.make(.projectLive, randomBytes: Self.bytes))
        for place in secret.indices {
            var less = secret
            less.remove(at: place)
            var more = secret
            more.insert("A", at: place)
            var changed = secret
            changed[place] = changed[place] == "b" ? "c" : "b"
            for near in [less, more, changed] { #expect(Secret.prefix(of: String(near)) == nil) }
        }
        #expect(Secret.prefix(of: String(secret) + "A") == nil)
    }

    @Test(arguments: ["", "sk_live_", "sk_live", "é", "ses_" + String(repeating: "0", count: 49), String(repeating: "a", count: 55)])
    func `are nothing else`(text: String) {
        #expect(Secret.prefix(of: text) == nil)
    }

    @Test func `keep their checksum when the prefix is swapped only by luck`() {
        let secret = Secret.make(.projectLive, randomBytes: Self.bytes)
        #expect(Secret.prefix(of: secret.replacing("sk_live_", with: "sk_test_")) == nil)
        #expect(Secret.prefix(of: secret.replacing("sk_live_", with: "pk_live_")) == nil)
    }

    /// The check value every catalogue of CRCs gives for CRC-32/ISO-HDLC.
    @Test func `have the checksum of zlib`() {
        #expect(CRC32.checksum(of: "123456789".utf8) == 0xCBF4_3926)
    }
}
