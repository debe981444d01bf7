import Storage

/// Series of one metric that came together, in the order of their numbers.
enum SeriesChunk {
    static func blob(_ series: [Dimensions]) -> [UInt8] {
        let pairs = series.map(\.pairs)
        var writer = ByteWriter(capacity: 64 * series.count)
        IntegerColumn.write(pairs.map { Int64($0.count) }, to: &writer)
        TextColumn.write(pairs.flatMap { $0.map(\.name) }, to: &writer)
        TextColumn.write(pairs.flatMap { $0.map(\.value) }, to: &writer)
        return writer.bytes
    }

    static func read(_ blob: [UInt8]) throws -> [Dimensions] {
        let coded = try Coded(blob)
        var place = 0
        return coded.counts.map { count in
            defer { place += count }
            return Dimensions(
                pairs: (place..<place + count).map {
                    (Array(coded.names.entries[coded.names.places[$0]].utf8), Array(coded.values.entries[coded.values.places[$0]].utf8))
                })
        }
    }

    /// The same without making anything for each series: for who filters and groups.
    struct Coded {
        /// How many dimensions each series has.
        let counts: [Int]
        /// Of all pairs, series after series: which of the different texts.
        let names: (entries: [String], places: [Int])
        let values: (entries: [String], places: [Int])

        init(_ blob: [UInt8]) throws {
            (counts, names, values) = try ByteReader.reading(blob) { reader in
                (
                    try IntegerColumn.read(from: &reader).map { Int($0) }, try TextColumn.readCoded(from: &reader),
                    try TextColumn.readCoded(from: &reader)
                )
            }
            guard counts.allSatisfy({ $0 >= 0 }), counts.reduce(0, +) == names.places.count, names.places.count == values.places.count
            else {
                throw StorageError.corrupt("A chunk of series has names without values.")
            }
        }
    }
}
