import Foundation
import Kernel
import Testing

@Suite struct `Writing JSON` {
    @Test func `gives back what was read, whatever it was`() throws {
        for _ in 0..<2000 {
            let value = JSON.random(depth: 4)
            let bytes = value.bytes
            #expect(try JSONParser.parse(bytes) == value)
            #expect(try JSONParser.parse(value.canonicalBytes).canonicalBytes == value.canonicalBytes)
            #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed) }
        }
    }

    @Test(arguments: [
        ("plain", #""plain""#), ("\"\\/", #""\"\\/""#), ("\u{0}\u{1f}\u{8}\u{c}\n\r\t", #""\u0000\u001f\b\f\n\r\t""#),
        ("é😀\u{7f}", "\"é😀\u{7f}\""),
    ])
    func `escapes what must be escaped and nothing else`(text: String, written: String) {
        #expect(String(decoding: JSON.string(text).bytes, as: UTF8.self) == written)
    }

    @Test(arguments: ["\"", "\\", "\u{1}", "\u{1f}", "\u{7f}", "é", "\u{10FFFF}"])
    func `finds what must be escaped wherever it stands`(special: String) throws {
        let alone = String(decoding: JSON.string(special).bytes, as: UTF8.self).dropFirst().dropLast()
        for before in 0..<20 {
            for after in 0..<20 {
                let (head, tail) = (String(repeating: "a", count: before), String(repeating: "z", count: after))
                let bytes = JSON.string(head + special + tail + special).bytes
                #expect(String(decoding: bytes, as: UTF8.self) == "\"" + head + alone + tail + alone + "\"")
                #expect(try JSONParser.parse(bytes) == .string(head + special + tail + special))
            }
        }
    }

    @Test(arguments: [
        (0.0, "0"), (-0.0, "0"), (1.0, "1"), (-1.5, "-1.5"), (0.1, "0.1"), (1e300, "1e+300"), (.leastNonzeroMagnitude, "5e-324"),
        (9_007_199_254_740_991, "9007199254740991"),
        (.nan, "null"), (.infinity, "null"), (-.infinity, "null"),
    ])
    func `writes doubles in their shortest form, and what is no number as null`(value: Double, written: String) {
        #expect(String(decoding: JSON.double(value).bytes, as: UTF8.self) == written)
    }

    @Test(arguments: [Int64.min, -1, 0, 7, 10, 99, 100, .max])
    func `writes every integer in full`(value: Int64) {
        #expect(String(decoding: JSON.integer(value).bytes, as: UTF8.self) == String(value))
    }

    @Test func `puts commas between members and nowhere else`() {
        var json = JSONWriter()
        json.object { json in
            json.field("a", 1)
            json.object("b") { _ in }
            json.array("c", ["x", "y"])
            json.null("d")
            json.field("e", String?.none)
            json.field("f", Timestamp(milliseconds: 1500))
            json.field("g", ProjectID("proj_1"))
            json.array("h", [1, 2]) { json, number in json.object { $0.field("n", number) } }
            json.dynamicField("\"", true)
        }
        let expected =
            #"{"a":1,"b":{},"c":["x","y"],"d":null,"e":null,"f":"1970-01-01T00:00:01.500Z","g":"proj_1","h":[{"n":1},{"n":2}],"\"":true}"#
        #expect(String(decoding: json.bytes, as: UTF8.self) == expected)
    }
}

@Suite struct `Canonical JSON` {
    /// The example of RFC 8785, section 3.2.3.
    @Test func `sorts members by their UTF-16 code units`() throws {
        let value: JSON = ["\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7]
        let sorted = try JSONParser.parse(value.canonicalBytes)
        #expect(sorted.members?.map(\.name) == ["\r", "1", "\u{80}", "\u{f6}", "\u{20ac}", "\u{1f600}", "\u{fb33}"])
    }

    @Test func `is the same for every order of the same members, at every depth`() throws {
        let one: JSON = ["b": [["y": 1, "x": 2]], "a": ["d": nil, "c": true]]
        let other: JSON = ["a": ["c": true, "d": nil], "b": [["x": 2, "y": 1]]]
        #expect(one.canonicalBytes == other.canonicalBytes)
        #expect(String(decoding: one.canonicalBytes, as: UTF8.self) == #"{"a":{"c":true,"d":null},"b":[{"x":2,"y":1}]}"#)
    }

    @Test func `writes exact amounts as numbers when asked, and leaves out what is not there`() {
        var json = JSONWriter()
        json.object { json in
            json.field("exact", ExactDecimal("1250.000000000000000001")?.asNumber)
            json.present("less", ExactDecimal("-0.10")?.asNumber)
            json.present("none", Int?.none)
            json.present("list", ["a", "b"])
        }
        #expect(String(decoding: json.bytes, as: UTF8.self) == #"{"exact":1250.000000000000000001,"less":-0.1,"list":["a","b"]}"#)
    }
}

extension JSON {
    fileprivate var bytes: [UInt8] {
        var json = JSONWriter()
        write(to: &json)
        return json.bytes
    }

    /// Doubles with a fraction only: whole ones are written, and read back, as integers.
    fileprivate static func random(depth: Int) -> JSON {
        switch Int.random(in: 0..<(depth == 0 ? 5 : 7)) {
        case 0: .null
        case 1: .bool(.random())
        case 2: .integer(.random(in: .min ... .max))
        case 3: .double(Double.random(in: -1...1) * 1e-9 + 0.25)
        case 4: .string(text())
        case 5: .array((0..<Int.random(in: 0...4)).map { _ in random(depth: depth - 1) })
        default: .object((0..<Int.random(in: 0...4)).map { Member("\($0)" + text(), random(depth: depth - 1)) })
        }
    }

    private static func text() -> String {
        let scalars = (0..<Int.random(in: 0...8)).compactMap { _ in
            Unicode.Scalar(
                [UInt32.random(in: 1...0x7F), .random(in: 0x80...0x7FF), .random(in: 0x1F600...0x1F64F), 0x2028, 0xFFFF].randomElement()!)
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
