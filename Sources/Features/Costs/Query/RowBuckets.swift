import Kernel

/// In which bucket each row of a segment begins.
struct RowBuckets {
    /// By code of the charge's begin; -1 outside.
    let byCode: [Int32]
    let column: TimeColumn
    let inside: [Bool]

    /// Nil when no row is in any.
    init?(_ segment: SegmentReader, _ buckets: [Bucket]) throws {
        let column = try segment.time("ChargePeriodStart")
        byCode = (0..<column.cardinality).map { code in
            guard let time = column.time(code) else { return -1 }
            return Self.find(time, buckets)
        }
        guard byCode.contains(where: { $0 >= 0 }) else { return nil }
        self.column = column
        let isInside = byCode.map { $0 >= 0 }
        inside =
            column.codes.isEmpty || isInside.dropFirst().allSatisfy(\.self) && !column.codes.contains(0)
            ? Array(repeating: isInside[1], count: segment.rows) : column.codes.map { isInside[Int($0)] }
    }

    func bucket(_ row: Int) -> Int { Int(byCode[column.code(row)]) }

    private static func find(_ time: Timestamp, _ buckets: [Bucket]) -> Int32 {
        var (low, high) = (0, buckets.count)
        while low < high {
            let middle = (low + high) / 2
            if buckets[middle].to <= time { low = middle + 1 } else { high = middle }
        }
        guard low < buckets.count, buckets[low].from <= time else { return -1 }
        return Int32(low)
    }
}
