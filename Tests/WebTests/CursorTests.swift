import Crypto
import Foundation
import Kernel
import TestKit
import Testing

@testable import Web

@Suite struct `Cursors` {
    private static let signer = CursorSigner(key: SymmetricKey(data: [UInt8](repeating: 7, count: 32)))
    private static let place = PageRequest.Place(value: "1773146096000", id: "proj_01jd3x")

    @Test(arguments: [
        place, .init(value: "", id: ""), .init(value: "a\"b\\c\n", id: "é😀"), .init(value: String(repeating: "x", count: 120), id: "usr_1"),
    ])
    func `lead back to their place, in the alphabet of URLs`(place: PageRequest.Place) throws {
        let cursor = Self.signer.seal(place, for: "list")
        #expect(try Self.signer.open(cursor, for: "list") == place)
        #expect(cursor.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
    }

    @Test func `belong to one list and one installation`() {
        let cursor = Self.signer.seal(Self.place, for: "list")
        #expect(throws: Problem.self) { try Self.signer.open(cursor, for: "other list") }
        let other = CursorSigner(key: SymmetricKey(data: [UInt8](repeating: 8, count: 32)))
        #expect(throws: Problem.self) { try other.open(cursor, for: "list") }
    }

    @Test func `cannot be forged: not one bit of them can be changed, added or left out`() throws {
        let cursor = Self.signer.seal(Self.place, for: "list")
        let bytes = try #require(Data(base64URL: cursor))
        for bit in 0..<bytes.count * 8 {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            let problem = #expect(throws: Problem.self) { try Self.signer.open(changed.base64URL, for: "list") }
            #expect(problem?.code == .invalidCursor)
        }
        for count in 0..<bytes.count {
            #expect(throws: Problem.self) { try Self.signer.open(Data(bytes.prefix(count)).base64URL, for: "list") }
        }
        #expect(throws: Problem.self) { try Self.signer.open((bytes + [0]).base64URL, for: "list") }
    }

    /// The place is signed together with the list, so what leaves the one must not be able to enter the other.
    @Test func `do not let a place run over into the name of the list`() throws {
        let cursor = Self.signer.seal(.init(value: "1", id: "a"), for: "list")
        let bytes = try #require(Data(base64URL: cursor))
        let moved = Data(bytes.dropLast(16) + Data("list".utf8) + bytes.suffix(16))
        #expect(throws: Problem.self) { try Self.signer.open(moved.base64URL, for: "") }
    }

    @Test(arguments: ["", "x", "!!!!", "null", "proj_01jd3x", "é", String(repeating: "A", count: 1000)])
    func `are nothing else`(text: String) {
        #expect(throws: Problem.self) { try Self.signer.open(text, for: "list") }
    }
}
