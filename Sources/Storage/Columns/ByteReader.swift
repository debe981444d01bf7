/// Reads a blob from its beginning. Valid only while the bytes are lent.
package struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var index = 0

    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Lends the bytes of a blob to a reader.
    package static func reading<Result>(_ blob: [UInt8], _ body: (inout ByteReader) throws -> Result) throws -> Result {
        try blob.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            return try body(&reader)
        }
    }

    static let damaged = StorageError.corrupt("A column ends too early or holds what it cannot hold.")

    package var isAtEnd: Bool { index >= bytes.count }

    package mutating func byte() throws -> UInt8 {
        guard index < bytes.count else { throw Self.damaged }
        defer { index += 1 }
        return bytes[index]
    }

    package mutating func varint() throws -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard index < bytes.count, shift < 64 else { throw Self.damaged }
            let next = bytes[index]
            index += 1
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }

    /// A length or a count: never more than `most`.
    package mutating func count(atMost most: Int) throws -> Int {
        let value = try varint()
        guard value <= UInt64(most) else { throw Self.damaged }
        return Int(value)
    }

    package mutating func zigzag() throws -> Int64 { Int64(zigzag: try varint()) }

    package mutating func word() throws -> UInt64 {
        let part = try take(8)
        return UInt64(littleEndian: part.loadUnaligned(as: UInt64.self))
    }

    /// The next eight bytes, which stay unread; nil when there are fewer.
    func peekWord() -> UInt64? {
        guard bytes.count - index >= 8 else { return nil }
        return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
    }

    /// Passes over bytes that were peeked at.
    mutating func skip(_ count: Int) { index += count }

    /// The next `count` bytes, lent as long as the reader's.
    package mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count >= 0, count <= bytes.count - index else { throw Self.damaged }
        defer { index += count }
        return UnsafeRawBufferPointer(rebasing: bytes[index..<(index + count)])
    }

    /// Length, then bytes.
    package mutating func sized() throws -> UnsafeRawBufferPointer {
        try take(try count(atMost: bytes.count - index))
    }

    /// No column of one blob has more values.
    package static let mostValues = 1 << 24
}
