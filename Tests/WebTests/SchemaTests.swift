import Kernel
import Testing
import Web

@Suite struct `A schema` {
    private static let schema = Schema.object([
        .required("name", .name()), .optional("email", .string(3...254, .email)), .optional("until", .timestamp()),
        .optional("day", .string(10...10, .date)), .optional("count", .integer(0...10)), .optional("ratio", .number()),
        .optional("on", .boolean()), .optional("env", .choice(["prod", "dev"])), .optional("tags", .array(.string(1...3), 1...2)),
        .optional("range", .string(1...60, .addressRange)), .optional("note", Schema.string(0...5).nullable),
        .optional("inner", .named("Inner", .object([.required("a/b", .integer(0...1))]))), .optional("map", Schema(.map(.integer(0...1)))),
        .optional("any", Schema(.any)), .optional("path", .string(1...60, .absolutePath)), .optional("money", .string(3...3, .currency)),
    ])

    @Test(
        arguments: [
            ["name": "a"], ["name": "é 😀"], ["name": "a", "email": "a+b@c-d.example"], ["name": "a", "until": "2026-03-10T12:34:56+01:00"],
            ["name": "a", "day": "2024-02-29"], ["name": "a", "count": 10], ["name": "a", "count": .double(3)], ["name": "a", "ratio": 1],
            ["name": "a", "ratio": .double(0.5)], ["name": "a", "on": false, "env": "dev"], ["name": "a", "tags": ["x", "yyy"]],
            ["name": "a", "range": "203.0.113.0/24"], ["name": "a", "range": "::1"], ["name": "a", "note": nil],
            ["name": "a", "note": "short"],
            ["name": "a", "inner": ["a/b": 1]], ["name": "a", "map": ["x": 1, "y": 0]], ["name": "a", "any": [1, "x", nil]],
            ["name": "a", "path": "/a/\u{301}b"], ["name": "a", "money": "EUR"],
        ] as [JSON])
    func `takes what fits`(value: JSON) {
        #expect(Self.schema.violations(in: value) == [])
    }

    @Test(
        arguments: [
            ([:], "/name", "required"), ("text", "", "type"), (nil, "", "type"), (["name": nil], "/name", "type"),
            (["name": ""], "/name", "length"),
            (["name": " a"], "/name", "format"), (["name": "a\u{a0}"], "/name", "format"), (["name": "a\nb"], "/name", "format"),
            (["name": "a\u{7f}b"], "/name", "format"), (["name": "a", "nam": 1], "/nam", "unknown_field"),
            (["name": "a", "x~/y": 1], "/x~0~1y", "unknown_field"),
            (["name": "a", "path": "/a/../b"], "/path", "format"), (["name": "a", "path": "a"], "/path", "format"),
            (["name": "a", "path": "/a\u{301}//b"], "/path", "format"), (["name": "a", "money": "eur"], "/money", "format"),
            (["name": "a", "email": "ada"], "/email", "format"), (["name": "a", "email": "a@b"], "/email", "format"),
            (["name": "a", "email": "a b@c.de"], "/email", "format"), (["name": "a", "email": "a@b@c.de"], "/email", "format"),
            (["name": "a", "email": "a@b..de"], "/email", "format"), (["name": "a", "until": "2026-02-29T00:00:00Z"], "/until", "format"),
            (["name": "a", "day": "2026-02-29"], "/day", "format"), (["name": "a", "count": 11], "/count", "range"),
            (["name": "a", "count": -1], "/count", "range"),
            (["name": "a", "count": .double(1.5)], "/count", "type"), (["name": "a", "count": "1"], "/count", "type"),
            (["name": "a", "on": 1], "/on", "type"),
            (["name": "a", "env": "Prod"], "/env", "not_allowed"), (["name": "a", "env": 1], "/env", "type"),
            (["name": "a", "tags": []], "/tags", "count"),
            (["name": "a", "tags": ["a", "b", "c"]], "/tags", "count"), (["name": "a", "tags": ["a", "long text"]], "/tags/1", "length"),
            (["name": "a", "range": "10.0.0.0/33"], "/range", "format"), (["name": "a", "note": "too long"], "/note", "length"),
            (["name": "a", "inner": ["a/b": 2]], "/inner/a~1b", "range"), (["name": "a", "inner": [:]], "/inner/a~1b", "required"),
            (["name": "a", "map": ["x": 2]], "/map/x", "range"), (["name": "a", "ratio": "1"], "/ratio", "type"),
        ] as [(JSON, String, String)])
    func `names the place of what does not fit`(value: JSON, pointer: String, code: String) {
        #expect(Self.schema.violations(in: value).map { "\($0.pointer) \($0.code)" } == ["\(pointer) \(code)"])
    }

    @Test func `names every place at once`() {
        let value: JSON = ["name": 1, "count": 99, "odd": true]
        #expect(Set(Self.schema.violations(in: value).map(\.pointer)) == ["/name", "/count", "/odd"])
    }

    @Test func `counts characters as JSON Schema does`() {
        #expect(Schema.string(1...1).violations(in: "😀") == [])
        #expect(Schema.string(1...1).violations(in: "e\u{301}").count == 1)
    }
}

@Suite struct `An open schema` {
    private static let schema = Schema.object([
        .required("id", Schema.string(1...5).orInteger), .optional("every", .word(["day", "month"])),
        .optional("inner", .array(.named("OpenedInner", .object([.required("name", .string(1...5))])))),
    ]).opened

    @Test(
        arguments: [
            ["id": "7"], ["id": 7], ["id": 7, "more": 1], ["id": "7", "every": "MONTH"],
            ["id": 12345, "inner": [["name": "a", "more": [1]]]],
        ] as [JSON])
    func `lets through what it does not list, and takes integers and any case where it says so`(value: JSON) {
        #expect(Self.schema.violations(in: value) == [])
    }

    @Test(
        arguments: [
            (["id": true], "/id", "type"), (["id": .double(1.5)], "/id", "type"), (["id": 123456], "/id", "length"),
            ([:], "/id", "required"),
            (["id": 1, "every": "week"], "/every", "not_allowed"), (["id": 1, "inner": [["nam": "a"]]], "/inner/0/name", "required"),
        ] as [(JSON, String, String)])
    func `still refuses what does not fit`(value: JSON, pointer: String, code: String) {
        let found = Self.schema.violations(in: value)
        #expect(found.map(\.pointer) == [pointer] && found.map(\.code) == [code])
    }

    @Test func `is described as open`() {
        let described = Self.schema.openAPI
        #expect(described["additionalProperties"] == nil)
        #expect(described["properties"]?["id"]?["type"] == ["string", "integer"])
        #expect(described["properties"]?["every"]?["pattern"] == "^([Dd][Aa][Yy]|[Mm][Oo][Nn][Tt][Hh])$")
        #expect(described["properties"]?["inner"]?["items"]?["additionalProperties"] == nil)
    }
}
