import Testing

@testable import Storage

/// A small generator of its own, so that a failing run can be run again.
private struct Bits: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}

@Suite struct `Columns` {
    @Test(arguments: 0..<40) func `give every double back, bit for bit`(seed: Int) throws {
        var bits = Bits(state: UInt64(seed))
        let count = Int.random(in: 0...700, using: &bits)
        let values: [Double] = (0..<count).map { _ in
            switch seed % 8 {
            case 0: Double(Int.random(in: -5...5, using: &bits))
            case 1: Double(Int.random(in: 0...1_000_000, using: &bits)) / 100
            case 2: Double(bitPattern: bits.next())
            case 3: Double.random(in: -1e300...1e300, using: &bits)
            case 4: [0.0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 0.1][Int.random(in: 0..<5, using: &bits)]
            case 5: 42.5
            case 6: Double(Int64.random(in: -9_007_199_254_740_991...9_007_199_254_740_991, using: &bits))
            default: Double(Int.random(in: 0...300, using: &bits)) * 0.1
            }
        }
        var writer = ByteWriter()
        NumberColumn.write(values, to: &writer)
        let read = try ByteReader.reading(writer.bytes) { try NumberColumn.read(from: &$0) }
        #expect(read.map(\.bitPattern) == values.map(\.bitPattern))
        #expect(writer.bytes.count <= values.count * 8 + 4)
    }

    @Test func `take no more than what varies`() {
        func size(_ values: [Double]) -> Int {
            var writer = ByteWriter()
            NumberColumn.write(values, to: &writer)
            return writer.bytes.count
        }
        #expect(size(Array(repeating: 0.1, count: 1000)) <= 12)
        #expect(size((0..<1000).map { Double($0 % 2) }) <= 160)
        #expect(size((0..<1000).map { Double(700 + $0 % 256) / 100 }) <= 1020)
        #expect(size((0..<1000).map { Double($0) / 3 }) <= 8004)
        var keys = ByteWriter()
        AscendingColumn.write((0..<24_000).map { UInt32($0) }, to: &keys)
        #expect(keys.bytes.count < 10)
    }

    @Test(arguments: 0..<30) func `give rising integers back`(seed: Int) throws {
        var bits = Bits(state: UInt64(seed))
        let span = [10, 1000, 100_000, Int(UInt32.max)][seed % 4]
        let count = Int.random(in: 0...min(span, 2000), using: &bits)
        var chosen: Set<UInt32> = []
        while chosen.count < count { chosen.insert(UInt32(Int.random(in: 0...span, using: &bits))) }
        let values = chosen.sorted()
        var writer = ByteWriter()
        AscendingColumn.write(values, to: &writer)
        #expect(try ByteReader.reading(writer.bytes) { try AscendingColumn.read(from: &$0) } == values)
    }

    @Test(arguments: 0..<30) func `give integers and texts back in their order`(seed: Int) throws {
        var bits = Bits(state: UInt64(seed))
        let count = Int.random(in: 0...500, using: &bits)
        let range = [0...0, -3...3, 1_600_000_000...1_700_000_000, Int64.min...Int64.max][seed % 4]
        var integers = (0..<count).map { _ in Int64.random(in: range, using: &bits) }
        if seed % 2 == 0 { integers.sort() }
        let texts = integers.map { "ä\($0 % 7)" }
        var writer = ByteWriter()
        IntegerColumn.write(integers, to: &writer)
        TextColumn.write(texts, to: &writer)
        let read = try ByteReader.reading(writer.bytes) { reader in
            (try IntegerColumn.read(from: &reader), try TextColumn.read(from: &reader), reader.isAtEnd)
        }
        #expect(read.0 == integers && read.1 == texts && read.2)
    }

    @Test func `tell texts apart that only look alike`() throws {
        let texts = ["\u{e9}", "e\u{301}", "\u{e9}"]
        var writer = ByteWriter()
        TextColumn.write(texts, to: &writer)
        let read = try ByteReader.reading(writer.bytes) { try TextColumn.read(from: &$0) }
        #expect(read.map { Array($0.utf8) } == texts.map { Array($0.utf8) })
    }

    @Test(arguments: [1, 40, 5000, 24_000]) func `keep a set of hours`(count: Int) throws {
        var bits = Bits(state: 7)
        var set = BitSet()
        var model: Set<Int> = []
        for _ in 0..<count {
            let member = Int.random(in: 0..<24_576, using: &bits)
            #expect(set.insert(member) == model.insert(member).inserted)
        }
        let again = try set.blob.withUnsafeBytes { try BitSet($0, below: 24_576) }
        var members: [Int] = []
        again.eachMember { members.append($0) }
        #expect(members == model.sorted() && again.count == model.count)
        #expect(set.blob.count <= 3074)
    }

    @Test(arguments: [1, 40, 700, 5000, 24_000]) func `tell which hours they hold without being made`(count: Int) throws {
        var bits = Bits(state: 11)
        var set = BitSet()
        var model: Set<Int> = []
        for _ in 0..<count { model.insert(Int.random(in: 0..<24_576, using: &bits)) }
        for member in model { _ = set.insert(member) }
        let blob = set.blob
        func holds(_ members: [Int]) throws -> Bool { try blob.withUnsafeBytes { try BitSet.holds(members, in: $0) } }
        for member in 0..<24_576 { #expect(try holds([member]) == model.contains(member)) }
        let all = model.sorted()
        #expect(try holds(all))
        for _ in 0..<200 {
            var some = Set((0..<3).map { _ in all[Int.random(in: 0..<all.count, using: &bits)] })
            #expect(try holds(some.sorted()))
            some.insert(Int.random(in: 0..<24_576, using: &bits))
            #expect(try holds(some.sorted()) == some.isSubset(of: model))
        }
    }

    @Test func `are corrupt where they are damaged, never worse`() throws {
        var writer = ByteWriter()
        AscendingColumn.write([1, 5, 700, 701, 90_000], to: &writer)
        NumberColumn.write([1, 2.5, 1e99, 4], to: &writer)
        NumberColumn.write((0..<300).map { Double($0 % 3) }, to: &writer)
        TextColumn.write(["a", "b", "a"], to: &writer)
        let good = writer.bytes
        var bits = Bits(state: 3)
        for _ in 0..<3000 {
            var bad = good
            switch Int.random(in: 0..<2, using: &bits) {
            case 0: bad.removeLast(Int.random(in: 1...good.count, using: &bits))
            default: bad[Int.random(in: 0..<bad.count, using: &bits)] = UInt8.random(in: 0...255, using: &bits)
            }
            do {
                try ByteReader.reading(bad) { reader in
                    _ = try AscendingColumn.read(from: &reader)
                    _ = try NumberColumn.read(from: &reader)
                    _ = try NumberColumn.read(from: &reader)
                    _ = try TextColumn.read(from: &reader)
                }
            } catch StorageError.corrupt {}
        }
    }
}
