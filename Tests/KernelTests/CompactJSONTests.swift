import Kernel
import Testing

@Suite struct `JSON read where it stands` {
    private static let names = [
        "", "a", "after", "before", "project_id", "é", "with \"quotes\"", "back\\slash", "line\nfeed", "{", ",",
        "longer than eight bytes", "1234567\"", "12345678\"9", "ééééééé\\ü\"",
    ]

    private static func value(_ depth: Int, _ random: inout some RandomNumberGenerator) -> JSON {
        switch Int.random(in: 0..<(depth > 3 ? 5 : 7), using: &random) {
        case 0: .null
        case 1: .bool(.random(using: &random))
        case 2: .integer(.random(in: .min ... .max, using: &random))
        case 3: .integer(.random(in: -9...9, using: &random))
        case 4: .string(names.randomElement(using: &random) ?? "")
        case 5: .array((0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth + 1, &random) })
        default: .object(names.filter { _ in .random(using: &random) }.map { .init($0, value(depth + 1, &random)) })
        }
    }

    private func check(_ found: CompactJSON, _ tree: JSON) {
        #expect(found.json == tree)
        #expect((found.string, found.integer, found.text) == (tree.string, tree.integer, tree.text))
        #expect((found.bool, found.array?.map(\.json), found.isNull) == (tree.bool, tree.array, tree == .null))
        #expect(found.members?.map(\.name) == tree.members?.map(\.name))
        if var text = tree.string { #expect(text.withUTF8 { found.says($0) }) }
        let several = found.values(of: ["after", "é", "nowhere"])
        #expect((several[0], several[1], several[2]) == (found["after"], found["é"], nil))
        for name in Self.names {
            #expect((found[name] == nil) == (tree[name] == nil))
            if let member = found[name], let known = tree[name] { check(member, known) }
        }
    }

    @Test func `says of every value what its tree says`() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let bytes = Self.value(0, &random).canonicalBytes
            check(CompactJSON(bytes), try JSONParser.parse(bytes))
        }
    }

    @Test func `a text that stands escaped is another than its escape`() {
        var plain = "line\nfeed"
        var escaped = #"line\nfeed"#
        let value = CompactJSON(JSON.string(plain).canonicalBytes)
        #expect(plain.withUTF8 { value.says($0) })
        #expect(!escaped.withUTF8 { value.says($0) })
    }

    @Test func `bytes that are no JSON are read without harm`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var bytes = Self.value(0, &random).canonicalBytes
            for _ in 0..<3 {
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes = Array(bytes.prefix(.random(in: 0...bytes.count, using: &random)))
                case 1: bytes.insert("\"\\{}[],:".utf8.randomElement(using: &random) ?? 0, at: .random(in: 0...bytes.count, using: &random))
                default: if let index = bytes.indices.randomElement(using: &random) { bytes[index] = .random(in: 0...255, using: &random) }
                }
            }
            let value = CompactJSON(bytes)
            for name in Self.names { _ = value[name]?.text }
            _ = (value.members, value.array, value.bool, value.isNull)
        }
    }
}
