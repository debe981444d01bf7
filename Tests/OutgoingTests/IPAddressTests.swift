import Kernel
import Testing

@Suite struct `An IP address` {
    @Test(arguments: [
        ("0.0.0.0", "0.0.0.0"), ("192.168.1.255", "192.168.1.255"), ("::", "::"), ("0:0::1", "::1"), ("2001:DB8::A", "2001:db8::a"),
        ("::ffff:1.2.3.4", "::ffff:1.2.3.4"), ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
    ])
    func `is written in one way`(text: String, written: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == written)
        #expect(IPAddress(bytes: address.bytes) == address)
    }

    @Test(arguments: [
        "", "1", "127.1", "0177.0.0.1", "0x7f.0.0.1", "127.0.0.01", "256.0.0.1", "1.2.3.4.", "1.2.3.4\u{0}", " 1.2.3.4", "1.2.3.4/8",
        "[::1]",
        "::1%eth0", ":::", "1::2::3", "localhost", "١.٢.٣.٤",
    ])
    func `is nothing but an address`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: [
        ("::ffff:10.0.0.1", "10.0.0.1"), ("::10.0.0.1", "10.0.0.1"), ("64:ff9b::a00:1", "10.0.0.1"), ("64:ff9b:1::a00:1", "10.0.0.1"),
        ("2002:a00:1::5", "10.0.0.1"), ("2001:0:4136:e378:8000:63bf:f5ff:fffe", "10.0.0.1"), ("2606:4700::200:5efe:a00:1", "10.0.0.1"),
        ("10.0.0.1", nil), ("2606:4700::a00:1", nil), ("64:ff9b:2::a00:1", nil), ("2001:1::a00:1", nil),
    ])
    func `shows the IPv4 address inside it`(text: String, inside: String?) throws {
        #expect(try #require(IPAddress(text)).embeddedIPv4?.description == inside)
    }

    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0",
        "198.17.255.255", "198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2001:200::1",
        "2001:4860:4860::8888", "2606:4700::1111", "2a00::1",
    ])
    func `is public outside of the special ranges`(text: String) throws {
        #expect(try #require(IPAddress(text)).isPublic)
    }

    @Test(arguments: [
        "0.0.0.0", "0.1.2.3", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.0", "127.255.255.255",
        "168.63.129.16", "169.254.0.0", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1",
        "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
        "255.255.255.255", "::", "::1", "::2", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::808:808", "100::1", "100:0:0:1::1",
        "2001::1", "2001:2::1", "2001:1ff::1", "2001:db8::1", "2002:a00:1::", "2606:4700::5efe:a00:1", "3fff::1", "5f00::1", "fc00::1",
        "fdff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1",
    ])
    func `is not public inside of them`(text: String) throws {
        #expect(try #require(IPAddress(text)).isPublic == false)
    }
}
