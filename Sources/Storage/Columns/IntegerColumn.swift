/// Integers in any order: as distances from the smallest, or from the one before, whichever is narrower.
package enum IntegerColumn {
    private enum Form: UInt8 {
        case distances
        case changes
    }

    package static func write(_ values: [Int64], to writer: inout ByteWriter) {
        writer.varint(values.count)
        guard let first = values.first, let least = values.min() else { return }
        let distances = values.map { UInt64(bitPattern: $0 &- least) }
        var before = first
        let changes = values.map { value in
            defer { before = value }
            return (value &- before).zigzag
        }
        let widths = (BitPacking.width(of: distances.max() ?? 0), BitPacking.width(of: changes.max() ?? 0))
        let usesChanges = widths.1 < widths.0
        writer.byte((usesChanges ? Form.changes : Form.distances).rawValue)
        writer.zigzag(usesChanges ? first : least)
        writer.byte(UInt8(usesChanges ? widths.1 : widths.0))
        BitPacking.write(usesChanges ? changes : distances, width: usesChanges ? widths.1 : widths.0, to: &writer)
    }

    package static func read(from reader: inout ByteReader) throws -> [Int64] {
        let count = try reader.count(atMost: ByteReader.mostValues)
        guard count > 0 else { return [] }
        guard let form = Form(rawValue: try reader.byte()) else { throw ByteReader.damaged }
        let base = try reader.zigzag()
        let width = Int(try reader.byte())
        guard width > 0 else { return Array(repeating: base, count: count) }
        var values = [Int64](repeating: 0, count: count)
        var before = base
        try BitPacking.read(count: count, width: width, from: &reader) { place, bits in
            switch form {
            case .distances: values[place] = base &+ Int64(bitPattern: bits)
            case .changes:
                before = before &+ Int64(zigzag: bits)
                values[place] = before
            }
        }
        return values
    }
}
