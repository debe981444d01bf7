/// A set of small integers, kept as bits and written as bits or as gaps, whichever is shorter.
package struct BitSet: Sendable, Equatable {
    private var words: [UInt64]

    package init() { words = [] }

    package var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
    package var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// True when it was not there before.
    package mutating func insert(_ member: Int) -> Bool {
        let place = member >> 6
        if place >= words.count { words.append(contentsOf: repeatElement(0, count: place + 1 - words.count)) }
        let bit: UInt64 = 1 << UInt64(member & 63)
        guard words[place] & bit == 0 else { return false }
        words[place] |= bit
        return true
    }

    package func contains(_ member: Int) -> Bool {
        let place = member >> 6
        return place < words.count && words[place] & (1 << UInt64(member & 63)) != 0
    }

    /// Ascending.
    package func eachMember(_ body: (Int) -> Void) {
        for (place, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                body(place << 6 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
    }

    package var blob: [UInt8] {
        var writer = ByteWriter(capacity: words.count * 8 + 8)
        let length = words.last.map { words.count * 8 - $0.leadingZeroBitCount / 8 } ?? 0
        let count = count
        // A gap takes a byte where they are near and two where they are not.
        if count * 2 < length {
            writer.byte(1)
            writer.varint(count)
            var last = -1
            eachMember { member in
                writer.varint(member - last - 1)
                last = member
            }
        } else {
            writer.byte(0)
            words.withUnsafeBytes { writer.append(UnsafeRawBufferPointer(rebasing: $0.prefix(max(0, length)))) }
        }
        return writer.bytes
    }

    /// Throws `.corrupt`; no member is `limit` or more.
    package init(_ blob: UnsafeRawBufferPointer, below limit: Int) throws {
        self.init()
        var reader = ByteReader(blob)
        switch try reader.byte() {
        case 0:
            guard blob.count - 1 <= (limit + 7) / 8 else { throw ByteReader.damaged }
            words = Array(repeating: 0, count: (blob.count - 1 + 7) / 8)
            let part = try reader.take(blob.count - 1)
            words.withUnsafeMutableBytes { $0.copyMemory(from: part) }
        case 1:
            var next = 0
            words = Array(repeating: 0, count: (limit + 63) / 64)
            for _ in 0..<(try reader.count(atMost: limit)) {
                next += try reader.count(atMost: limit)
                guard next < limit else { throw ByteReader.damaged }
                words[next >> 6] |= 1 << UInt64(next & 63)
                next += 1
            }
            words.removeLast(words.count - (next + 63) / 64)
        default: throw ByteReader.damaged
        }
    }

    /// Whether the set that `blob` says has all of `members`, which rise, without making the set. Throws `.corrupt`.
    package static func holds(_ members: [Int], in blob: UnsafeRawBufferPointer) throws -> Bool {
        var reader = ByteReader(blob)
        switch try reader.byte() {
        case 0:
            let bits = try reader.take(blob.count - 1)
            return members.allSatisfy { $0 >> 3 < bits.count && bits[$0 >> 3] & (1 << UInt8($0 & 7)) != 0 }
        case 1:
            _ = try reader.varint()
            // The least that the next member can be.
            var next = 0
            for member in members {
                var found = -1
                while found < member {
                    skipEights(before: member, &next, &reader)
                    guard !reader.isAtEnd else { return false }
                    found = next + (try reader.count(atMost: 1 << 32))
                    next = found + 1
                }
                guard found == member else { return false }
            }
            return true
        default: throw ByteReader.damaged
        }
    }

    /// Passes over eight gaps at a time, as long as they take a byte each and lead to less than `member`.
    @inline(__always)
    private static func skipEights(before member: Int, _ next: inout Int, _ reader: inout ByteReader) {
        while let gaps = reader.peekWord(), gaps & 0x8080_8080_8080_8080 == 0 {
            let pairs = (gaps & 0x00FF_00FF_00FF_00FF) + (gaps >> 8 & 0x00FF_00FF_00FF_00FF)
            let sum = Int((pairs &* 0x0001_0001_0001_0001) >> 48)
            guard next + sum + 8 <= member else { return }
            next += sum + 8
            reader.skip(8)
        }
    }
}
