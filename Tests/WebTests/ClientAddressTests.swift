import Kernel
import Testing
import Web

@Suite struct `The client's address` {
    private static let proxied = ClientAddress(trustedProxies: [AddressRange("10.0.0.0/8")!, AddressRange("fd00::/8")!])  // literals

    @Test func `is the other end of the connection, whatever it says, without trusted proxies`() {
        let direct = ClientAddress(trustedProxies: [])
        #expect(direct.resolve(peer: "192.0.2.1", forwarded: "for=198.51.100.7", forwardedFor: "198.51.100.8") == "192.0.2.1")
        #expect(direct.resolve(peer: nil, forwarded: nil, forwardedFor: "198.51.100.8") == nil)
    }

    @Test func `is the other end of the connection when that is no trusted proxy`() {
        #expect(Self.proxied.resolve(peer: "192.0.2.1", forwarded: nil, forwardedFor: "198.51.100.8") == "192.0.2.1")
    }

    @Test(arguments: [
        ("198.51.100.8", "198.51.100.8"), ("203.0.113.66, 198.51.100.8", "198.51.100.8"), ("198.51.100.8, 10.1.2.3", "198.51.100.8"),
        ("203.0.113.66, 198.51.100.8, 10.1.2.3, 10.9.9.9", "198.51.100.8"), ("10.1.2.3", "10.0.0.1"), ("", "10.0.0.1"),
        ("unknown", "10.0.0.1"),
        ("198.51.100.8, unknown", "10.0.0.1"), ("198.51.100.8:4711", "198.51.100.8"), ("[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"), ("2001:db8::7, fd00::1", "2001:db8::7"), (" 198.51.100.8 ", "198.51.100.8"),
    ])
    func `is the nearest one no trusted proxy vouches past`(forwardedFor: String, address: String) {
        #expect(Self.proxied.resolve(peer: "10.0.0.1", forwarded: nil, forwardedFor: forwardedFor) == address)
    }

    @Test(arguments: [
        ("for=198.51.100.8", "198.51.100.8"), ("for=\"[2001:db8::7]:4711\"", "2001:db8::7"),
        ("For=198.51.100.8;proto=https", "198.51.100.8"),
        ("by=10.0.0.1;for=198.51.100.8, for=10.1.1.1", "198.51.100.8"), ("proto=https", "10.0.0.1"), ("for=_hidden", "10.0.0.1"),
    ])
    func `is read from Forwarded before X-Forwarded-For`(forwarded: String, address: String) {
        #expect(Self.proxied.resolve(peer: "10.0.0.1", forwarded: forwarded, forwardedFor: "203.0.113.66") == address)
    }
}
