import Kernel
import Testing

@Suite struct `Reading JSON` {
    @Test(
        arguments: [
            (#"null"#, JSON.null), (#" true "#, true), (#"false"#, false), (#"0"#, 0), (#"-0"#, 0),
            (#"9223372036854775807"#, 9_223_372_036_854_775_807),
            (#"-9223372036854775808"#, .integer(.min)), (#"1.5"#, .double(1.5)), (#"1e2"#, .double(100)), (#"-2.5E-1"#, .double(-0.25)),
            (#""""#, ""), (#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{c}\n\r\t"), (#""\u00e9\u20AC""#, "é€"), (#""\ud83d\ude00""#, "😀"),
            (#""😀""#, "😀"),
            (#"[]"#, []), (#"[1,[2],{}]"#, [1, [2], [:]]), (#"{"a":1,"b":{"a":2}}"#, ["a": 1, "b": ["a": 2]]),
            ("\t\r\n [ 1 , 2 ] ", [1, 2]),
            (#"{"":1}"#, ["": 1]), ("\"\u{7f}\"", "\u{7f}"),
        ] as [(String, JSON)])
    func `understands what RFC 8259 allows`(text: String, value: JSON) throws {
        #expect(try JSONParser.parse(text.utf8) == value)
    }

    @Test(arguments: [
        ("", "ends where a value"), ("  ", "ends where a value"), ("nul", "no value begins"), ("True", "no value begins"),
        ("'a'", "no value begins"),
        ("{} {}", "more after"), ("1 2", "more after"), ("01", "more after"), ("-", "a digit"), ("1.", "a digit"),
        (".5", "no value begins"),
        ("+1", "no value begins"), ("1e", "a digit"), ("0x10", "more after"), ("NaN", "no value begins"), ("Infinity", "no value begins"),
        ("[1,]", "no value begins"), ("[1 2]", "a comma or the end of the array"), ("[1", "a comma or the end of the array"),
        (#"{"a"}"#, "a colon"), (#"{"a":}"#, "no value begins"), (#"{"a":1,}"#, "a member's name"), (#"{a:1}"#, "a member's name"),
        (#"{"a":1"#, "a comma or the end of the object"), (#""abc"#, "no end"), (#""\"#, "no end"), (#""\x""#, "no such escape"),
        (#""\u12""#, "hexadecimal"), (#""\u12g4""#, "hexadecimal"), ("\"a\nb\"", "control character"), ("\"\u{0}\"", "control character"),
        ("/* a */ 1", "no value begins"), ("\u{feff}1", "no value begins"), ("1\u{0}", "more after"),
    ])
    func `refuses what is not JSON, and says what is wrong`(text: String, reason: String) throws {
        let failure = try #require(throws: JSONParser.Failure.self) { try JSONParser.parse(text.utf8) }
        #expect(failure.reason.contains(reason))
        #expect((0...text.utf8.count).contains(failure.offset))
    }

    @Test(arguments: [
        (#"{"a":1,"a":2}"#, "twice", 7), (#"[{"a":1,"\u0061":2}]"#, "twice", 8), (#""\ud800""#, "surrogate", 3),
        (#""\udc00\ud800""#, "surrogate", 3),
        (#""\ud800\u0041""#, "surrogate", 3), (#""\ud800x""#, "surrogate", 3), (#""\u0000""#, "NUL", 3),
        ("9223372036854775808", "64 bits", 0),
        ("-9223372036854775809", "64 bits", 0), ("[123456789012345678901234567890]", "64 bits", 1), ("1e999", "too large", 0),
    ])
    func `refuses what two readers would understand differently, and names the byte`(text: String, reason: String, offset: Int) throws {
        let failure = try #require(throws: JSONParser.Failure.self) { try JSONParser.parse(text.utf8) }
        #expect(failure.reason.contains(reason))
        #expect(failure.offset == offset)
    }

    @Test(
        arguments: [
            [0xFF], [0xC0, 0x80], [0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80], [0xF0, 0x80, 0x80, 0xAF],
        ] as [[UInt8]])
    func `refuses text that is not UTF-8`(bytes: [UInt8]) throws {
        for suffix in ["", "\\n"] {
            let failure = try #require(throws: JSONParser.Failure.self) {
                try JSONParser.parse([0x22] + bytes + Array(suffix.utf8) + [0x22])
            }
            #expect(failure.reason.contains("UTF-8"))
        }
    }

    @Test func `goes 64 levels below the first value and not one further`() throws {
        func nested(_ depth: Int) -> [UInt8] { Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8) }
        _ = try JSONParser.parse(nested(65))
        for depth in [66, 10_000, 1_000_000] {
            let failure = try #require(throws: JSONParser.Failure.self) { try JSONParser.parse(nested(depth)) }
            #expect(failure.reason.contains("deeper than 64"))
        }
        let objects = String(repeating: #"{"a":"#, count: 10_000)
        #expect(throws: JSONParser.Failure.self) { try JSONParser.parse(objects.utf8) }
    }

    @Test func `never traps, whatever the bytes`() {
        var generator = SystemRandomNumberGenerator()
        let pieces = [#"{"#, #"}"#, "[", "]", "\"", "\\", "u", "d8", "00", ",", ":", "1", "-", ".", "e", "true", " ", "\u{e9}"].map {
            Array($0.utf8)
        }
        for _ in 0..<5000 {
            let bytes = (0..<Int.random(in: 0...20, using: &generator)).flatMap { _ in
                Bool.random(using: &generator) ? pieces.randomElement(using: &generator)! : [UInt8.random(in: 0...255, using: &generator)]
            }
            _ = try? JSONParser.parse(bytes)  // a failure is as good as a value
        }
    }
}

@Suite struct `Reading JSON with all its digits` {
    @Test(
        arguments: [
            ("[1, 0.1234567890123456789]", [1, "0.1234567890123456789"]), ("-1.50", "-1.50"), ("1e2", "1e2"),
            ("123456789012345678901", "123456789012345678901"), ("7", 7),
        ] as [(String, JSON)])
    func `keeps what a double cannot hold as it was written`(text: String, value: JSON) throws {
        #expect(try JSONParser.parse(text.utf8, keepingDigits: true) == value)
    }
}
