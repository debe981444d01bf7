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
    package init(_ blob: [UInt8], below limit: Int) throws {
        self.init()
        try ByteReader.reading(blob) { reader in
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
    }
}
