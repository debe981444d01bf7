/// Doubles, bit for bit.
///
/// Forms: all alike; at most 256 different ones, by number; decimals with few places (`12.34` as 1234 and the power 2), which is what
/// prices and counts are; and plain eight bytes. XOR with the value before (as in Gorilla) gains little on values that are not repeated
/// and not decimals, and costs a branch a value.
package enum NumberColumn {
    private enum Form: UInt8 {
        case plain
        case constant
        case dictionary
        case decimal
    }

    package static func write(_ values: [Double], to writer: inout ByteWriter) {
        writer.varint(values.count)
        guard let first = values.first else { return }
        if values.allSatisfy({ $0.bitPattern == first.bitPattern }) {
            writer.byte(Form.constant.rawValue)
            return writer.word(first.bitPattern)
        }
        let dictionary = values.count > fewValues ? Dictionary(of: values) : nil
        let decimals = Decimals(of: values)
        let plainSize = values.count * 8
        let dictionarySize = dictionary.map { $0.size(values.count) } ?? .max
        let decimalSize = decimals.map { $0.size(values.count) } ?? .max
        if let dictionary, dictionarySize < min(decimalSize, plainSize) {
            writer.byte(Form.dictionary.rawValue)
            dictionary.write(to: &writer)
        } else if let decimals, decimalSize < plainSize {
            writer.byte(Form.decimal.rawValue)
            decimals.write(to: &writer)
        } else {
            writer.byte(Form.plain.rawValue)
            values.withUnsafeBytes { writer.append($0) }
        }
    }

    /// No dictionary is made of so few: its entries take eight bytes each.
    private static let fewValues = 8

    package static func read(from reader: inout ByteReader) throws -> [Double] {
        let count = try reader.count(atMost: ByteReader.mostValues)
        guard count > 0 else { return [] }
        guard let form = Form(rawValue: try reader.byte()) else { throw ByteReader.damaged }
        switch form {
        case .constant: return Array(repeating: Double(bitPattern: try reader.word()), count: count)
        case .plain:
            let part = try reader.take(count * 8)
            return [Double](unsafeUninitializedCapacity: count) { buffer, filled in
                UnsafeMutableRawBufferPointer(buffer).copyMemory(from: part)
                filled = count
            }
        case .dictionary: return try Dictionary.read(count, from: &reader)
        case .decimal: return try Decimals.read(count, from: &reader)
        }
    }

    /// At most 256 different values.
    private struct Dictionary {
        var entries: [UInt64] = []
        var places: [UInt64] = []

        /// Nil when there are more.
        init?(of values: [Double]) {
            var known = [Int16](repeating: -1, count: 1024)
            places.reserveCapacity(values.count)
            for value in values {
                let bits = value.bitPattern
                var slot = Int(truncatingIfNeeded: (bits &* 0x9E37_79B9_7F4A_7C15) >> 54)
                while known[slot] >= 0, entries[Int(known[slot])] != bits { slot = (slot + 1) & 1023 }
                if known[slot] < 0 {
                    guard entries.count < 256 else { return nil }
                    known[slot] = Int16(entries.count)
                    entries.append(bits)
                }
                places.append(UInt64(known[slot]))
            }
        }

        private var width: Int { BitPacking.width(of: UInt64(entries.count - 1)) }

        func size(_ count: Int) -> Int { 2 + entries.count * 8 + BitPacking.size(count: count, width: width) }

        func write(to writer: inout ByteWriter) {
            writer.varint(entries.count)
            for entry in entries { writer.word(entry) }
            BitPacking.write(places, width: width, to: &writer)
        }

        static func read(_ count: Int, from reader: inout ByteReader) throws -> [Double] {
            let size = try reader.count(atMost: 256)
            guard size > 0 else { throw ByteReader.damaged }
            var entries: [Double] = []
            for _ in 0..<size { entries.append(Double(bitPattern: try reader.word())) }
            var values = [Double](repeating: 0, count: count)
            var isWhole = true
            try BitPacking.read(count: count, width: BitPacking.width(of: UInt64(size - 1)), from: &reader) { place, entry in
                if entry < UInt64(size) { values[place] = entries[Int(entry)] } else { isWhole = false }
            }
            guard isWhole else { throw ByteReader.damaged }
            return values
        }
    }

    /// `mantissa / 10^places`, which is the nearest double to that decimal: both are exact and division rounds once (Clinger 1990).
    private struct Decimals {
        private static let powers: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6]
        private static let limit = 9_007_199_254_740_992.0  // 2^53

        let places: Int
        private let base: Int64
        private let width: Int
        private let offsets: [UInt64]

        /// Nil when one of them is no such decimal.
        init?(of values: [Double]) {
            var places = 0
            var mantissas: [Int64] = []
            mantissas.reserveCapacity(values.count)
            while mantissas.count < values.count {
                if let mantissa = Self.mantissa(of: values[mantissas.count], places) {
                    mantissas.append(mantissa)
                } else {
                    places += 1
                    guard places < Self.powers.count else { return nil }
                    mantissas.removeAll(keepingCapacity: true)
                }
            }
            let base = mantissas.min() ?? 0
            let offsets = mantissas.map { UInt64($0 - base) }
            (self.places, self.base, self.offsets) = (places, base, offsets)
            width = BitPacking.width(of: offsets.max() ?? 0)
        }

        private static func mantissa(of value: Double, _ places: Int) -> Int64? {
            let scaled = value * powers[places]
            guard abs(scaled) < limit else { return nil }
            // Half away from zero, without a call; what is off by one is found out by the division.
            let mantissa = Int64(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
            return (Double(mantissa) / powers[places]).bitPattern == value.bitPattern ? mantissa : nil
        }

        func size(_ count: Int) -> Int { 12 + BitPacking.size(count: count, width: width) }

        func write(to writer: inout ByteWriter) {
            writer.byte(UInt8(places))
            writer.zigzag(base)
            writer.byte(UInt8(width))
            BitPacking.write(offsets, width: width, to: &writer)
        }

        static func read(_ count: Int, from reader: inout ByteReader) throws -> [Double] {
            let places = Int(try reader.byte())
            guard places < powers.count else { throw ByteReader.damaged }
            let base = try reader.zigzag()
            let width = Int(try reader.byte())
            let power = powers[places]
            var values = [Double](repeating: 0, count: count)
            try values.withUnsafeMutableBufferPointer { values in
                try BitPacking.read(count: count, width: width, from: &reader) { place, offset in
                    let mantissa = Double(base &+ Int64(bitPattern: offset))
                    values[place] = places == 0 ? mantissa : mantissa / power
                }
            }
            return values
        }
    }
}
