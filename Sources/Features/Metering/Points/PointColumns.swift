import Storage

/// Points of one metric and one day (UTC): a key for the series and hour, rising, and a value for each.
struct PointColumns: Sendable, Equatable {
    /// `series · 24 + hour of the day`.
    var keys: [UInt32] = []
    var values: [Double] = []

    var count: Int { keys.count }

    /// A metric has at most this many series, so that a key fits.
    static let mostSeries = 1 << 26

    init(keys: [UInt32] = [], values: [Double] = []) {
        self.keys = keys
        self.values = values
    }

    init(_ blob: UnsafeRawBufferPointer) throws {
        var reader = ByteReader(blob)
        (keys, values) = (try AscendingColumn.read(from: &reader), try NumberColumn.read(from: &reader))
        guard keys.count == values.count else { throw StorageError.corrupt("A run of points has keys without values.") }
    }

    var blob: [UInt8] {
        var writer = ByteWriter(capacity: keys.count * 9 + 32)
        AscendingColumn.write(keys, to: &writer)
        NumberColumn.write(values, to: &writer)
        return writer.bytes
    }

    /// Oldest first: where two have the same key, the later one's value stands.
    static func merged(_ runs: [PointColumns]) -> PointColumns {
        let filled = runs.filter { $0.count > 0 }
        guard filled.count > 1 else { return filled.first ?? PointColumns() }
        let total = filled.reduce(0) { $0 + $1.count }
        let least = filled.reduce(UInt32.max) { min($0, $1.keys[0]) }
        let most = filled.reduce(0) { max($0, $1.keys[$1.count - 1]) }
        let span = Int(most - least) + 1
        return span <= total * 16 ? scattered(filled, least, span) : sorted(filled, total)
    }

    /// Each value to its place, the later over the earlier.
    private static func scattered(_ runs: [PointColumns], _ least: UInt32, _ span: Int) -> PointColumns {
        var isThere = [Bool](repeating: false, count: span)
        var all = [Double](repeating: 0, count: span)
        var count = 0
        for run in runs {
            for place in 0..<run.count {
                let key = Int(run.keys[place] - least)
                if !isThere[key] {
                    isThere[key] = true
                    count += 1
                }
                all[key] = run.values[place]
            }
        }
        var result = PointColumns()
        result.keys.reserveCapacity(count)
        result.values.reserveCapacity(count)
        for key in 0..<span where isThere[key] {
            result.keys.append(least + UInt32(key))
            result.values.append(all[key])
        }
        return result
    }

    /// Where keys are far apart: by key, then by age.
    private static func sorted(_ runs: [PointColumns], _ total: Int) -> PointColumns {
        let values = runs.flatMap(\.values)
        var order: [UInt64] = []
        order.reserveCapacity(total)
        for run in runs {
            for key in run.keys { order.append(UInt64(key) << 32 | UInt64(order.count)) }
        }
        order.sort()
        var result = PointColumns()
        for (place, entry) in order.enumerated() {
            if place + 1 < order.count, order[place + 1] >> 32 == entry >> 32 { continue }
            result.keys.append(UInt32(entry >> 32))
            result.values.append(values[Int(entry & 0xFFFF_FFFF)])
        }
        return result
    }
}
