/// Integers that rise from each to the next: keys of sorted points, numbers of rows.
///
/// Forms: equal steps; bits from the first to the last; gaps. Of a metric whose every series has every hour nothing is left but the
/// first, the step and the count.
package enum AscendingColumn {
    private enum Form: UInt8 {
        case gaps
        case steps
        case bits
    }

    /// `values` must rise strictly.
    package static func write(_ values: [UInt32], to writer: inout ByteWriter) {
        writer.varint(values.count)
        guard let first = values.first, let last = values.last else { return }
        writer.varint(first)
        let step = values.count > 1 ? values[1] - first : 1
        if Int(last - first) == Int(step) * (values.count - 1), isEven(values, step) {
            writer.byte(Form.steps.rawValue)
            return writer.varint(step)
        }
        let bitBytes = Int(last - first) / 8 + 1
        // Gaps take at least a byte each.
        guard bitBytes >= values.count else { return writeBits(values, first, bitBytes, &writer) }
        writer.byte(Form.gaps.rawValue)
        var before = first
        for value in values.dropFirst() {
            writer.varint(value - before - 1)
            before = value
        }
    }

    private static func isEven(_ values: [UInt32], _ step: UInt32) -> Bool {
        for place in values.indices.dropFirst() where values[place] - values[place - 1] != step { return false }
        return true
    }

    private static func writeBits(_ values: [UInt32], _ first: UInt32, _ size: Int, _ writer: inout ByteWriter) {
        var bits = [UInt8](repeating: 0, count: size)
        for value in values { bits[Int(value - first) >> 3] |= 1 << UInt8((value - first) & 7) }
        writer.byte(Form.bits.rawValue)
        writer.varint(size)
        writer.append(bits)
    }

    package static func read(from reader: inout ByteReader) throws -> [UInt32] {
        let count = try reader.count(atMost: ByteReader.mostValues)
        guard count > 0 else { return [] }
        let first = try reader.count(atMost: Int(UInt32.max))
        guard let form = Form(rawValue: try reader.byte()) else { throw ByteReader.damaged }
        var values: [UInt32] = []
        switch form {
        case .steps:
            let step = try reader.count(atMost: Int(UInt32.max))
            guard first + step * (count - 1) <= Int(UInt32.max) else { throw ByteReader.damaged }
            return [UInt32](unsafeUninitializedCapacity: count) { values, filled in
                for place in 0..<count { values[place] = UInt32(truncatingIfNeeded: first + step * place) }
                filled = count
            }
        case .gaps:
            values.reserveCapacity(count)
            var value = first
            values.append(UInt32(value))
            for _ in 1..<count {
                value += try reader.count(atMost: Int(UInt32.max)) + 1
                guard value <= Int(UInt32.max) else { throw ByteReader.damaged }
                values.append(UInt32(value))
            }
        case .bits:
            let bits = try reader.sized()
            values.reserveCapacity(count)
            guard first + bits.count * 8 <= Int(UInt32.max) + 8 else { throw ByteReader.damaged }
            for (place, byte) in bits.enumerated() {
                var rest = byte
                while rest != 0 {
                    values.append(UInt32(truncatingIfNeeded: first + place * 8 + rest.trailingZeroBitCount))
                    rest &= rest - 1
                }
            }
            guard values.count == count else { throw ByteReader.damaged }
        }
        return values
    }
}
