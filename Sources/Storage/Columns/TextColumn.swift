/// Texts, each different one written once.
package enum TextColumn {
    package static func write(_ values: [String], to writer: inout ByteWriter) {
        var known: [String: UInt64] = [:]
        var entries: [String] = []
        var places: [UInt64] = []
        places.reserveCapacity(values.count)
        for value in values {
            if let place = known[value], entries[Int(place)].utf8.elementsEqual(value.utf8) {
                places.append(place)
            } else {
                known[value] = UInt64(entries.count)
                places.append(UInt64(entries.count))
                entries.append(value)
            }
        }
        writer.varint(values.count)
        guard !values.isEmpty else { return }
        writer.varint(entries.count)
        for entry in entries { writer.sized(entry.utf8) }
        BitPacking.write(places, width: BitPacking.width(of: UInt64(entries.count - 1)), to: &writer)
    }

    package static func read(from reader: inout ByteReader) throws -> [String] {
        let coded = try readCoded(from: &reader)
        return coded.places.map { coded.entries[$0] }
    }

    /// The different texts, and for each value which it is: for who filters and groups by it.
    package static func readCoded(from reader: inout ByteReader) throws -> (entries: [String], places: [Int]) {
        let count = try reader.count(atMost: ByteReader.mostValues)
        guard count > 0 else { return ([], []) }
        let size = try reader.count(atMost: count)
        guard size > 0 else { throw ByteReader.damaged }
        var entries: [String] = []
        entries.reserveCapacity(size)
        for _ in 0..<size { entries.append(String(decoding: try reader.sized(), as: UTF8.self)) }
        var places = [Int](repeating: 0, count: count)
        var isWhole = true
        try BitPacking.read(count: count, width: BitPacking.width(of: UInt64(size - 1)), from: &reader) { place, entry in
            if entry < UInt64(size) { places[place] = Int(entry) } else { isWhole = false }
        }
        guard isWhole else { throw ByteReader.damaged }
        return (entries, places)
    }
}
