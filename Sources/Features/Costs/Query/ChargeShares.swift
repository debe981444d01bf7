import Kernel

/// A cost laid over the buckets that its charge period runs through, by how much of it is in each.
///
/// A part is cost × time in the bucket ÷ length of the period, rounded half-even to 18 places; what is before and after the buckets has parts of
/// its own. What rounding leaves over goes to the longest part, the first of several, so that the parts of a charge add up to it. A charge
/// without a length is whole where it begins.
struct ChargeShares {
    private struct Part {
        /// -1 before the buckets, and behind them.
        let bucket: Int
        let milliseconds: Int64
    }

    /// By code of begin and of end.
    private var parts: [Int: [Part]] = [:]
    private let starts: TimeColumn
    private let ends: TimeColumn
    /// Whether some of the row is in a bucket.
    let inside: [Bool]

    /// Nil when no row is.
    init?(_ segment: SegmentReader, _ buckets: [Bucket]) throws {
        let (starts, ends) = (try segment.time("ChargePeriodStart"), try segment.time("ChargePeriodEnd"))
        (self.starts, self.ends) = (starts, ends)
        var inside = [Bool](repeating: false, count: segment.rows)
        for row in 0..<segment.rows {
            let key = Self.key(starts, ends, row)
            if parts[key] == nil {
                let start = starts.time(starts.code(row))
                parts[key] = start.map { Self.parts(from: $0, to: ends.time(ends.code(row)) ?? $0, buckets) } ?? []
            }
            inside[row] = parts[key]?.contains { $0.bucket >= 0 } ?? false
        }
        guard inside.contains(true) else { return nil }
        self.inside = inside
    }

    private static func key(_ starts: TimeColumn, _ ends: TimeColumn, _ row: Int) -> Int { starts.code(row) << 17 | ends.code(row) }

    /// Calls `body` with each bucket of the row and its part of the cost.
    func split(_ cost: ExactDecimal, _ row: Int, _ body: (Int, ExactDecimal) -> Void) {
        let own = parts[Self.key(starts, ends, row)] ?? []
        guard own.count > 1 else {
            if let bucket = own.first?.bucket, bucket >= 0 { body(bucket, cost) }
            return
        }
        let length = ExactDecimal(own.reduce(0) { $0 + $1.milliseconds })
        var shares = own.map { (cost * ExactDecimal($0.milliseconds)).divided(by: length) }
        let longest = own.indices.reduce(0) { own[$1].milliseconds > own[$0].milliseconds ? $1 : $0 }
        shares[longest] += cost - shares.reduce(ExactDecimal.zero, +)
        for (part, share) in zip(own, shares) where part.bucket >= 0 { body(part.bucket, share) }
    }

    /// The buckets follow each other without a gap.
    private static func parts(from start: Timestamp, to end: Timestamp, _ buckets: [Bucket]) -> [Part] {
        guard let first = buckets.first, let last = buckets.last else { return [] }
        guard start < end else {
            guard first.from <= start, start < last.to else { return [] }
            return [Part(bucket: buckets.lastIndex { $0.from <= start } ?? 0, milliseconds: 0)]
        }
        var found: [Part] = []
        func add(_ bucket: Int, _ from: Timestamp, _ to: Timestamp) {
            let (from, to) = (max(from, start), min(to, end))
            if from < to { found.append(Part(bucket: bucket, milliseconds: to.milliseconds - from.milliseconds)) }
        }
        add(-1, start, first.from)
        var (low, high) = (0, buckets.count)
        while low < high {
            let middle = (low + high) / 2
            if buckets[middle].to <= start { low = middle + 1 } else { high = middle }
        }
        while low < buckets.count, buckets[low].from < end {
            add(low, buckets[low].from, buckets[low].to)
            low += 1
        }
        add(-1, last.to, end)
        return found
    }
}
