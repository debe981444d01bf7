import Foundation
import Kernel
import Testing

@Suite struct `An address range` {
    @Test(arguments: [
        ("10.0.0.0/8", "10.0.0.0/8"), ("10.1.2.3/8", "10.0.0.0/8"), ("10.1.2.3", "10.1.2.3/32"), ("0.0.0.0/0", "0.0.0.0/0"),
        ("::1", "::1/128"),
        ("2001:DB8::1/32", "2001:db8::/32"), ("::/0", "::/0"),
    ])
    func `is written in one way`(text: String, written: String) throws {
        #expect(try #require(AddressRange(text)).description == written)
    }

    @Test(arguments: [
        "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/+8", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8/8", "10/8", "::1/129",
    ])
    func `is nothing but a range`(text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false), ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ("10.0.0.0/8", "::10.1.2.3", false), ("10.0.0.4/30", "10.0.0.7", true), ("10.0.0.4/30", "10.0.0.8", false),
        ("0.0.0.0/0", "255.1.2.3", true), ("0.0.0.0/0", "2606::1", false), ("::/0", "2606::1", true), ("::/0", "10.0.0.1", false),
        ("fd00::/8", "fdff::1", true), ("fd00::/8", "fc00::1", false), ("::1", "::1", true), ("::1", "::2", false),
        ("::ffff:10.0.0.0/104", "::ffff:10.1.1.1", true),
    ])
    func `holds the addresses with its first bits`(range: String, address: String, isInside: Bool) throws {
        #expect(try #require(AddressRange(range)).contains(try #require(IPAddress(address))) == isInside)
    }

    @Test func `is text in JSON`() throws {
        let ranges = try JSONDecoder().decode([AddressRange].self, from: Data(#"["10.0.0.0/8","::1"]"#.utf8))
        #expect(ranges.map(\.description) == ["10.0.0.0/8", "::1/128"])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([AddressRange].self, from: Data(#"["ten"]"#.utf8)) }
    }
}
