// Columns: many values of one kind, side by side in a blob. A row of a table costs about 20 bytes and a microsecond whatever it holds; a
// value in a column costs what it says and a few nanoseconds. Every column begins with a byte that says how it is coded, and the writer
// takes the smallest form, so a reader needs no schema beside the kind of the column. All numbers are little-endian; integers of varying
// length are LEB128. A reader checks every bound: a damaged blob is `.corrupt`, never a trap.

/// Bytes of a blob in the making.
package struct ByteWriter: Sendable {
    package private(set) var bytes: [UInt8]

    package init(capacity: Int = 64) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    package mutating func byte(_ value: UInt8) { bytes.append(value) }

    /// LEB128: seven bits a byte, the lowest first.
    package mutating func varint(_ value: some BinaryInteger) {
        var rest = UInt64(value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Signed: small magnitudes are short.
    package mutating func zigzag(_ value: Int64) { varint(value.zigzag) }

    package mutating func word(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    package mutating func append(_ more: UnsafeRawBufferPointer) { bytes.append(contentsOf: more) }

    /// Length, then bytes.
    package mutating func sized(_ more: some Collection<UInt8>) {
        varint(more.count)
        bytes.append(contentsOf: more)
    }
}

extension Int64 {
    /// 0, −1, 1, −2, … as 0, 1, 2, 3, ….
    var zigzag: UInt64 { UInt64(bitPattern: (self << 1) ^ (self >> 63)) }

    init(zigzag value: UInt64) { self = Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
}
