import Foundation
import Kernel
import TestKit
import Testing

@testable import Metering

/// The decoder of batches beside Foundation's parser, which knows nothing of it.
@Suite struct `The decoder of points` {
    private struct Sent: Equatable {
        var name: String
        var value: Double
        var hour: Int
        var dimensions: [String: String]
    }

    private static func decode(_ bytes: [UInt8]) throws -> [Sent] {
        try bytes.withUnsafeBytes { raw in
            let body = try IngestReader.read(raw)
            let resolution = try SeriesBook(seed: 1).resolve(body.points, in: raw)
            return body.points.indices.map { place in
                let stranger = resolution.strangers[Int(resolution.series[place] & ~SeriesBook.Resolution.strange)]
                return Sent(
                    name: String(decoding: stranger.name, as: UTF8.self), value: body.points[place].value,
                    hour: Int(body.points[place].hour),
                    dimensions: Dictionary(stranger.dimensions.pairs.map { ($0.name, $0.value) }) { one, _ in one })
            }
        }
    }

    /// The same by way of `JSONSerialization`; nil where that finds no JSON.
    private static func reference(_ bytes: [UInt8]) -> [Sent]? {
        guard let root = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any], let data = root["data"] as? [[String: Any]]
        else { return nil }
        return data.map { point in
            Sent(
                name: point["metric_name"] as? String ?? "", value: (point["metric_value"] as? NSNumber)?.doubleValue ?? .nan,
                hour: ((point["timestamp"] as? NSNumber)?.intValue ?? 0) / 3600,
                dimensions: (point["custom_dimensions"] as? [String: String]) ?? [:])
        }
    }

    @Test(arguments: 0..<60) func `reads what Foundation reads`(seed: Int) throws {
        var document = Document(seed: UInt64(seed))
        let bytes = document.bytes()
        let expected = try #require(Self.reference(bytes), "\(String(decoding: bytes, as: UTF8.self))")
        let decoded = try Self.decode(bytes)
        #expect(decoded.count == expected.count)
        for (mine, theirs) in zip(decoded, expected) {
            #expect(mine.name == theirs.name && mine.hour == theirs.hour && mine.dimensions == theirs.dimensions)
            // Foundation goes by way of a decimal; the last bit has a test of its own.
            #expect(abs(mine.value - theirs.value) <= 1e-13 * abs(theirs.value), "\(mine.value) \(theirs.value)")
        }
    }

    @Test(arguments: 0..<20) func `takes nothing that Foundation refuses, whatever byte is wrong`(seed: Int) throws {
        var document = Document(seed: UInt64(seed) + 1000)
        let good = document.bytes()
        for _ in 0..<100 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...3, using: &document.generator) {
                let place = Int.random(in: 0..<bytes.count, using: &document.generator)
                switch Int.random(in: 0..<3, using: &document.generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &document.generator)
                case 1: bytes.remove(at: place)
                default: bytes.insert(Array("\",:{}[]\\0e.-u".utf8).randomElement(using: &document.generator) ?? 0, at: place)
                }
            }
            if (try? Self.decode(bytes)) != nil {
                #expect((try? JSONSerialization.jsonObject(with: Data(bytes))) != nil, "\(String(decoding: bytes, as: UTF8.self))")
            }
            for end in [bytes.count / 3, bytes.count - 1] {
                #expect((try? Self.decode(Array(good.prefix(min(end, good.count - 1))))) == nil)
            }
        }
    }

    @Test func `reads numbers to the last bit`() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<2000 {
            let bits = Double(bitPattern: generator.next())
            let short = Double(Int.random(in: -1_000_000...1_000_000, using: &generator)) / 1000
            for value in [bits, short] where value.isFinite {
                #expect(IngestReader.number(in: Array("\(value)".utf8))?.bitPattern == (value == 0 ? 0 : value).bitPattern)
            }
            let digits = "\(generator.next()).\(generator.next())e\(Int.random(in: -330...290, using: &generator))"
            #expect(IngestReader.number(in: Array(digits.utf8)) == Double(digits).flatMap { $0.isFinite ? $0 : nil })
        }
    }
}

/// A random batch, spelt at random.
private struct Document {
    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func bytes() -> [UInt8] {
        let points = (0..<Int.random(in: 0...12, using: &generator)).map { _ in point() }
        let token = member("data_stream_token", string("dst_x"))
        let function = member("metric_agg_func", "\"sum\"")
        let data = member("data", "[" + points.joined(separator: space() + "," + space()) + space() + "]")
        let more = member("extra", "{\"a\":[1,-2.5e-3,{\"b\":null},[]],\"c\":\"\\ud83d\\ude00 \u{e9}\"}")
        return Array(object([token, function, data, more].shuffled(using: &generator)).utf8)
    }

    private mutating func point() -> String {
        var members = [
            member("timestamp", String(Int.random(in: 300_000...700_000, using: &generator) * 3600)),
            member("metric_name", string(word())), member("metric_value", number()),
        ]
        if Bool.random(using: &generator) { members.append(member("note", string(word()))) }
        let names = Set((0..<Int.random(in: 0...10, using: &generator)).map { _ in word() }).sorted()
        let pairs = names.map { member($0, string(word())) }.shuffled(using: &generator)
        if !pairs.isEmpty || Bool.random(using: &generator) { members.append(member("custom_dimensions", object(pairs))) }
        return object(members.shuffled(using: &generator))
    }

    private mutating func object(_ members: [String]) -> String {
        "{" + space() + members.joined(separator: space() + "," + space()) + space() + "}"
    }

    private mutating func member(_ name: String, _ value: String) -> String { string(name) + space() + ":" + space() + value }

    private mutating func space() -> String { ["", "", "", " ", "\n", "\t\r "].randomElement(using: &generator) ?? "" }

    private mutating func word() -> String {
        let letters = [
            "a", "b", "Z", "9", "_", "-", " ", "\"", "\\", "/", "\n", "é", "日", "😀", "\u{7F}", "}", "{", "]", "region", "us-east-1",
        ]
        return (0..<Int.random(in: 1...8, using: &generator)).map { _ in letters.randomElement(using: &generator) ?? "x" }.joined()
    }

    private mutating func number() -> String {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: String(Int.random(in: -1_000_000...1_000_000, using: &generator))
        case 1: "\(Double(Int.random(in: 1...1_000_000, using: &generator)) / 1000)"
        case 2: "\(Double.random(in: -1e12...1e12, using: &generator))"
        default: "\(Int.random(in: 1...99, using: &generator)).5E+\(Int.random(in: 0...20, using: &generator))"
        }
    }

    /// With some of its characters as escapes.
    private mutating func string(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            let plain = scalar != "\"" && scalar != "\\" && scalar.value >= 0x20
            if plain, Int.random(in: 0..<6, using: &generator) > 0 {
                result.unicodeScalars.append(scalar)
            } else {
                for unit in String(scalar).utf16 { result += "\\u" + String(String(0x10000 + Int(unit), radix: 16).suffix(4)) }
            }
        }
        return result + "\""
    }
}
