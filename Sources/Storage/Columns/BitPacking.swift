/// Unsigned integers of one width, bit by bit, the lowest first.
enum BitPacking {
    /// Bits that the largest value needs; 0 when all are 0.
    static func width(of largest: UInt64) -> Int { 64 - largest.leadingZeroBitCount }

    static func size(count: Int, width: Int) -> Int { (count * width + 7) / 8 }

    static func write(_ values: [UInt64], width: Int, to writer: inout ByteWriter) {
        guard width > 0 else { return }
        var packed = [UInt8](repeating: 0, count: size(count: values.count, width: width) + 8)
        packed.withUnsafeMutableBytes { packed in
            var bit = 0
            for value in values {
                let shift = bit & 7
                let place = bit >> 3
                let word = UInt64(littleEndian: packed.loadUnaligned(fromByteOffset: place, as: UInt64.self)) | value << UInt64(shift)
                packed.storeBytes(of: word.littleEndian, toByteOffset: place, as: UInt64.self)
                if width + shift > 64 { packed[place + 8] = UInt8(truncatingIfNeeded: value >> UInt64(64 - shift)) }
                bit += width
            }
        }
        writer.append(packed.prefix(size(count: values.count, width: width)))
    }

    /// Hands each value to `body` in turn.
    static func read(count: Int, width: Int, from reader: inout ByteReader, _ body: (Int, UInt64) -> Void) throws {
        guard width > 0 else {
            for place in 0..<count { body(place, 0) }
            return
        }
        guard width <= 64 else { throw ByteReader.damaged }
        let packed = try reader.take(size(count: count, width: width))
        let mask: UInt64 = width == 64 ? .max : 1 << UInt64(width) - 1
        var bit = 0
        for place in 0..<count {
            body(place, value(in: packed, at: bit, width: width) & mask)
            bit += width
        }
    }

    private static func value(in packed: UnsafeRawBufferPointer, at bit: Int, width: Int) -> UInt64 {
        let place = bit >> 3
        let shift = UInt64(bit & 7)
        guard place + 9 <= packed.count else { return lastValue(in: packed, place, shift) }
        let low = UInt64(littleEndian: packed.loadUnaligned(fromByteOffset: place, as: UInt64.self)) >> shift
        return width + Int(shift) > 64 ? low | UInt64(packed[place + 8]) << (64 - shift) : low
    }

    /// Near the end there are no eight bytes to load at once.
    private static func lastValue(in packed: UnsafeRawBufferPointer, _ place: Int, _ shift: UInt64) -> UInt64 {
        var value: UInt64 = 0
        for offset in 0..<min(9, packed.count - place) {
            let byte = UInt64(packed[place + offset])
            let distance = Int64(offset * 8) - Int64(shift)
            value |= distance < 0 ? byte >> UInt64(-distance) : byte << UInt64(distance)
        }
        return value
    }
}
