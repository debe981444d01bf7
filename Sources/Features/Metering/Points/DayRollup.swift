import Storage

/// What a day's points of one metric come to: for each series, and in all.
///
/// Sums are taken over the hours of a series, then over the series; whoever reads points instead goes the same way, so that a chart shows
/// the same digits before and after.
struct DayRollup: Sendable {
    /// Rising.
    private(set) var series: [UInt32] = []
    private var amounts: [Double] = []
    private var counts: [Int64] = []
    private(set) var total = Combined()

    /// Of the series at that place.
    func part(_ place: Int) -> Combined { Combined(count: Int(counts[place]), amount: amounts[place]) }

    init(of points: PointColumns, _ function: MetricFunction) {
        var current: UInt32 = .max
        var part = Combined()
        for place in 0..<points.count {
            let next = points.keys[place] / 24
            if next != current {
                close(current, part, function)
                (current, part) = (next, Combined())
            }
            part.add(points.values[place], function)
        }
        close(current, part, function)
    }

    private mutating func close(_ series: UInt32, _ part: Combined, _ function: MetricFunction) {
        guard part.count > 0 else { return }
        self.series.append(series)
        amounts.append(part.amount)
        counts.append(Int64(part.count))
        total.add(part, function)
    }

    /// Empty where it would say what the points say already: one point for each series.
    var blob: [UInt8] {
        guard counts.contains(where: { $0 > 1 }) else { return [] }
        var writer = ByteWriter(capacity: series.count * 9 + 32)
        AscendingColumn.write(series, to: &writer)
        NumberColumn.write(amounts, to: &writer)
        IntegerColumn.write(counts, to: &writer)
        return writer.bytes
    }

    /// Nil for an empty blob.
    init?(_ blob: [UInt8]) throws {
        guard !blob.isEmpty else { return nil }
        (series, amounts, counts) = try ByteReader.reading(blob) { reader in
            (try AscendingColumn.read(from: &reader), try NumberColumn.read(from: &reader), try IntegerColumn.read(from: &reader))
        }
        guard series.count == amounts.count, series.count == counts.count else {
            throw StorageError.corrupt("A day's rollup has columns of different lengths.")
        }
    }
}

extension DayRollup {
    /// What all series come to.
    func total(_ function: MetricFunction) -> Combined {
        var total = Combined()
        for place in series.indices { total.add(part(place), function) }
        return total
    }
}
