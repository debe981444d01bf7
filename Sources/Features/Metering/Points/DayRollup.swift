import Storage

/// What a day's points of one metric come to: for each series, and in all.
///
/// Sums are taken over the hours of a series, then over the series; whoever reads points instead goes the same way, so that a chart shows
/// the same digits before and after.
struct DayRollup: Sendable {
    /// Rising.
    private(set) var series: ArraySlice<UInt32> = []
    /// Parallel to `series`.
    private(set) var amounts: ArraySlice<Double> = []
    private(set) var counts: ArraySlice<Int64> = []
    private(set) var total = Combined()

    init(series: ArraySlice<UInt32>, amounts: ArraySlice<Double>, counts: ArraySlice<Int64>) {
        (self.series, self.amounts, self.counts) = (series, amounts, counts)
    }

    /// Visits each series, and what it comes to.
    @inline(__always)
    func eachSeries(_ body: (_ series: UInt32, _ part: Combined) -> Void) {
        series.withUnsafeBufferPointer { series in
            amounts.withUnsafeBufferPointer { amounts in
                counts.withUnsafeBufferPointer { counts in
                    for place in series.indices { body(series[place], Combined(count: Int(counts[place]), amount: amounts[place])) }
                }
            }
        }
    }

    init(of points: PointColumns, _ function: MetricFunction) {
        // In arrays: a slice that is appended to looks each time whether what it is a part of may grow.
        var (series, amounts, counts): ([UInt32], [Double], [Int64]) = ([], [], [])
        var place = 0
        while place < points.count {
            let current = points.keys[place] / 24
            var part = Combined()
            while place < points.count, points.keys[place] / 24 == current {
                part.add(points.values[place], function)
                place += 1
            }
            series.append(current)
            amounts.append(part.amount)
            counts.append(Int64(part.count))
            total.add(part, function)
        }
        (self.series, self.amounts, self.counts) = (series[...], amounts[...], counts[...])
    }

    /// Empty where it would say what the points say already: one point for each series.
    var blob: [UInt8] {
        guard counts.contains(where: { $0 > 1 }) else { return [] }
        var writer = ByteWriter(capacity: series.count * 9 + 32)
        AscendingColumn.write(Array(series), to: &writer)
        NumberColumn.write(Array(amounts), to: &writer)
        IntegerColumn.write(Array(counts), to: &writer)
        return writer.bytes
    }

    /// Nil for an empty blob.
    init?(_ blob: UnsafeRawBufferPointer) throws {
        guard !blob.isEmpty else { return nil }
        var reader = ByteReader(blob)
        series = try AscendingColumn.read(from: &reader)[...]
        amounts = try NumberColumn.read(from: &reader)[...]
        counts = try IntegerColumn.read(from: &reader)[...]
        guard series.count == amounts.count, series.count == counts.count else {
            throw StorageError.corrupt("A day's rollup has columns of different lengths.")
        }
    }
}

extension DayRollup {
    /// What all series come to.
    func total(_ function: MetricFunction) -> Combined {
        var total = Combined()
        eachSeries { total.add($1, function) }
        return total
    }
}
