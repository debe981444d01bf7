import Kernel
import Testing
import Web

@Suite struct `The query of a URL` {
    private static let parameters: [Query.Parameter] = [
        .init("name", .string(1...10)), .init("limit", .integer(1...100)), .init("live", .boolean()),
        .init("env", .choice(["prod", "dev"])),
    ]

    @Test(arguments: [
        ("name=a+b", "a b"), ("name=a%20b", "a b"), ("name=%C3%A9", "é"), ("name=a%2Bb", "a+b"), ("name=a=b", "a=b"), ("&name=x&", "x"),
        ("n%61me=x", "x"), ("name=%26%3D", "&="),
    ])
    func `is decoded like a form`(text: String, name: String) throws {
        #expect(try Query(text[...], parameters: Self.parameters)["name"] == name)
    }

    @Test func `takes a whole number with a fraction of zeros, as JSON Schema does`() throws {
        #expect(try Query("limit=2.0", parameters: Self.parameters).integer("limit") == 2)
    }

    @Test(arguments: [
        ("nam=x", "unknown_parameter", "?nam"), ("name=x&name=y", "invalid_parameter", "?name"), ("name=", "invalid_parameter", "?name"),
        ("name", "invalid_parameter", "?name"), ("name=12345678901", "invalid_parameter", "?name"),
        ("limit=0", "invalid_parameter", "?limit"),
        ("limit=101", "invalid_parameter", "?limit"), ("limit=+1", "invalid_parameter", "?limit"),
        ("limit=01", "invalid_parameter", "?limit"), ("limit=1.5", "invalid_parameter", "?limit"),
        ("limit=1.", "invalid_parameter", "?limit"),
        ("limit=99999999999999999999", "invalid_parameter", "?limit"),
        ("limit=%201", "invalid_parameter", "?limit"), ("live=yes", "invalid_parameter", "?live"),
        ("env=PROD", "invalid_parameter", "?env"),
        ("name=a%0Ab", "invalid_parameter", "?name"), ("limit=0&x=1", "unknown_parameter", "?x"),
    ])
    func `is refused with a pointer to the parameter`(text: String, code: String, pointer: String) throws {
        let problem = try #require(throws: Problem.self) { try Query(text[...], parameters: Self.parameters) }
        #expect(problem.code.rawValue == code)
        #expect(problem.violations.contains { $0.pointer == pointer })
    }

    @Test(arguments: ["name=%", "name=%2", "name=%zz", "name=%FF", "name=%C3", "name=%00", "%FF=x", "name=%ED%A0%80"])
    func `is refused when it is not UTF-8`(text: String) throws {
        let problem = try #require(throws: Problem.self) { try Query(text[...], parameters: Self.parameters) }
        #expect(problem.code == .invalidParameter)
    }

    @Test(arguments: [
        ("0s", true), ("30s", true), ("60s", true), ("61s", false), ("30", false), ("030s", false), ("-1s", false), ("", false),
    ])
    func `may ask to wait up to a minute`(text: String, fits: Bool) throws {
        let query = try? Query("wait=\(text)"[...], parameters: [.wait])
        #expect((query?["wait"] == text) == fits)
    }

    @Test func `may pass over what is not known, need a parameter, and take one again and again`() throws {
        let parameters = Self.parameters + [.init("day", .string(1...10), isRequired: true), .init("exclude", .string(), repeats: true)]
        let query = try Query("day=x&nam=x&exclude=a&exclude=b"[...], parameters: parameters, ignoringUnknown: true)
        #expect(query["day"] == "x" && query["nam"] == nil && query.values("exclude") == ["a", "b"])
        for text in ["", "exclude=a"] {
            let problem = try #require(throws: Problem.self) { try Query(text[...], parameters: parameters) }
            #expect(problem.code == .invalidParameter && problem.violations.map(\.pointer) == ["?day"])
            #expect(problem.violations.map(\.code) == ["required"])
        }
    }

    @Test func `may be empty`() throws {
        #expect(try Query(nil, parameters: []).isEmpty)
        #expect(try Query("", parameters: []).isEmpty)
        #expect(try Query("&&", parameters: []).isEmpty)
    }
}

@Suite struct `Percent escapes` {
    @Test(arguments: ["", "abc", "é😀", "a/b?c#d", "100%", "a+b c", "~._-", "\u{1}\u{7f}"])
    func `come back as they were`(text: String) {
        let encoded = PercentEncoding.encode(text)
        #expect(PercentEncoding.decode(encoded) == text)
        #expect(PercentEncoding.decode(encoded, plusIsSpace: true) == text)
        #expect(encoded.utf8.allSatisfy { $0 < 0x80 && $0 > 0x20 && !"/?#+ ".utf8.contains($0) })
    }

    @Test func `of a form keep their order and their repetitions`() {
        let fields = PercentEncoding.formFields("a=1&b=2+3&a=%C3%A9&c")
        #expect(fields?.map(\.name) == ["a", "b", "a", "c"])
        #expect(fields?.map(\.value) == ["1", "2 3", "é", ""])
        #expect(PercentEncoding.formFields("a=%GG") == nil)
    }
}
