import Kernel
import Storage

/// A batch whose series are known as far as they can be before its transaction.
struct PointBatch: Sendable {
    let resolution: SeriesBook.Resolution
    let hours: [HourIndex]
    let values: [Double]

    init(_ points: [SentPoint], _ resolution: SeriesBook.Resolution) {
        self.resolution = resolution
        hours = points.map(\.hour)
        values = points.map(\.value)
    }

    var count: Int { hours.count }
}

/// The points of a batch that belong to one metric and one day, sorted, each key once.
struct DaySlice {
    let metric: Int
    let day: Int
    let points: PointColumns
}

extension PointBatch {
    /// Sorts the batch into slices. `series` gives each point's `metric << 32 | series`; of repeats the last stands.
    func slices(series: [UInt64]) -> [DaySlice] {
        var groups: [(metric: Int, day: Int)] = []
        var numbers: [UInt64: Int] = [:]
        /// For each metric the day it was met with last, and that group's number.
        var latest: [(day: Int, group: Int)] = []
        var order: [UInt64] = []
        order.reserveCapacity(count)
        for place in 0..<count {
            let metric = Int(series[place] >> 32)
            let day = Int(hours[place]).floorDivided(by: 24)
            while latest.count <= metric { latest.append((.min, 0)) }
            if latest[metric].day != day {
                let name = UInt64(metric) << 32 | UInt64(UInt32(bitPattern: Int32(day)))
                let group = numbers[name] ?? groups.count
                if group == groups.count {
                    numbers[name] = group
                    groups.append((metric, day))
                }
                latest[metric] = (day, group)
            }
            let hour = Int(hours[place]) - day * 24
            let key = UInt64(latest[metric].group) << 31 | (series[place] & 0x3FF_FFFF) << 5 | UInt64(hour)
            order.append(key << 14 | UInt64(place))
        }
        RadixSort.sort(&order, fromBit: 14)
        return cut(order, groups)
    }

    private func cut(_ order: [UInt64], _ groups: [(metric: Int, day: Int)]) -> [DaySlice] {
        var slices: [DaySlice] = []
        var start = 0
        while start < order.count {
            let group = Int(order[start] >> 45)
            var points = PointColumns()
            var place = start
            while place < order.count, Int(order[place] >> 45) == group {
                let entry = order[place]
                let key = UInt32((entry >> 19) & 0x3FF_FFFF) * 24 + UInt32((entry >> 14) & 31)
                let value = values[Int(entry & 0x3FFF)]
                if points.keys.last == key {
                    points.values[points.count - 1] = value
                } else {
                    points.keys.append(key)
                    points.values.append(value)
                }
                place += 1
            }
            slices.append(DaySlice(metric: groups[group].metric, day: groups[group].day, points: points))
            start = place
        }
        return slices
    }
}

extension Int {
    func floorDivided(by divisor: Int) -> Int { Int(Int64(self).floorDivided(by: Int64(divisor))) }
}

/// Least significant digit first, a byte at a time: five times as fast as comparing on ten thousand keys, and stable.
enum RadixSort {
    /// Bits below `fromBit` must be in order already among equal keys.
    static func sort(_ keys: inout [UInt64], fromBit: UInt64) {
        guard keys.count > 1 else { return }
        let varying = keys.reduce(0) { $0 | ($1 ^ keys[0]) }
        var other = [UInt64](repeating: 0, count: keys.count)
        var shift = fromBit
        while shift < 64 {
            if (varying >> shift) & 0xFF != 0 {
                pass(keys, &other, shift)
                swap(&keys, &other)
            }
            shift += 8
        }
    }

    private static func pass(_ keys: [UInt64], _ sorted: inout [UInt64], _ shift: UInt64) {
        var starts = [Int](repeating: 0, count: 257)
        for key in keys { starts[Int((key >> shift) & 0xFF) + 1] += 1 }
        for digit in 1...256 { starts[digit] += starts[digit - 1] }
        sorted.withUnsafeMutableBufferPointer { sorted in
            for key in keys {
                let digit = Int((key >> shift) & 0xFF)
                sorted[starts[digit]] = key
                starts[digit] += 1
            }
        }
    }
}
