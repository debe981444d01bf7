/// Each selected row's place among the combinations of bucket and grouped values that occur in a segment.
struct Combination {
    /// The selected rows.
    let rows: [Int32]
    /// Parallel to `rows`.
    private(set) var places: [Int32]
    /// Bucket and codes of each place.
    private var origins: [[Int32]]
    private let columns: [TextColumn]

    var count: Int { origins.count }

    /// Without `buckets` everything is in the first.
    init(_ segment: SegmentReader, _ dimensions: [Dimension], _ selected: [Bool], _ buckets: RowBuckets? = nil) throws {
        rows = Self.positions(selected)
        columns = try dimensions.map { try segment.column($0) }
        places = Array(repeating: 0, count: rows.count)
        origins = rows.isEmpty ? [] : [[]]
        if let buckets, !buckets.column.codes.isEmpty {
            split(by: buckets.column.codes, meaning: buckets.byCode)
        } else {
            origins = origins.map { _ in [buckets.map { Int32($0.bucket(0)) } ?? 0] }
        }
        for column in columns where !column.isConstant { split(by: column.codes, meaning: Array(0..<Int32(column.cardinality))) }
    }

    private static func positions(_ selected: [Bool]) -> [Int32] {
        [Int32](unsafeUninitializedCapacity: selected.count) { positions, filled in
            // Written for every row, kept for those that count: no branch to guess.
            for row in selected.indices {
                positions[filled] = Int32(truncatingIfNeeded: row)
                filled += selected[row] ? 1 : 0
            }
        }
    }

    /// Tells places apart by one column more. `meaning` says of each code what stands for it in `origins`: codes that mean the same stay together.
    private mutating func split(by codes: [UInt16], meaning: [Int32]) {
        let width = Int(meaning.max() ?? 0) + 1
        let known = origins
        var next: [[Int32]] = []
        var places = [Int32]()
        swap(&places, &self.places)
        let selected = self.rows
        let rows = selected.span
        let codes = codes.span
        let meaning = meaning.span
        var table = [Int32](repeating: -1, count: origins.count * width <= 1 << 20 ? origins.count * width : 0)
        var sparse: [Int: Int32] = [:]
        let isDense = !table.isEmpty
        places.withUnsafeMutableBufferPointer { places in
            table.withUnsafeMutableBufferPointer { table in
                for position in places.indices {
                    let own = meaning[Int(codes[Int(rows[position])])]
                    let pair = Int(places[position]) * width + Int(own)
                    var place = isDense ? table[pair] : sparse[pair] ?? -1
                    if place < 0 {
                        place = Int32(next.count)
                        next.append(known[Int(places[position])] + [own])
                        if isDense { table[pair] = place } else { sparse[pair] = place }
                    }
                    places[position] = place
                }
            }
        }
        self.places = places
        origins = next
    }

    /// Calls `body` with each row and its place.
    func each(_ body: (_ row: Int, _ place: Int) -> Void) {
        let rows = rows.span
        let places = places.span
        for position in rows.indices { body(Int(rows[position]), Int(places[position])) }
    }

    func meaning(of place: Int) -> (bucket: Int, texts: [String?]) {
        let origin = origins[place]
        var used = 1
        let texts = columns.map { column -> String? in
            guard !column.isConstant else { return column.text(column.code(0)) }
            used += 1
            return column.text(Int(origin[used - 1]))
        }
        return (Int(origin[0]), texts)
    }
}
