import Kernel
import Synchronization

@testable import Metering

/// A point store in memory that does what a real one may do: fail, forget, keep what was written twice.
final class MemoryPoints: PointStore {
    struct Refused: Error {}

    struct State {
        var days: [CopiedDay] = []
        var asked = 0
        /// Called after days were added; may throw.
        var added: @Sendable () throws -> Void = {}
        var isDown = false
    }

    let state = Mutex(State())

    func open() throws {}

    func add(_ days: [CopiedDay]) throws {
        let added = state.withLock { state in
            state.days += days
            return state.added
        }
        try added()
    }

    func remove(metric: Int64) { state.withLock { $0.days.removeAll { $0.metric == metric } } }

    private func chosen(_ selection: CopySelection) throws -> [CopiedDay] {
        try state.withLock { state in
            guard !state.isDown else { throw Refused() }
            state.asked += 1
            return state.days.filter { day in
                day.metric == selection.metric && selection.copies.contains { $0.day == day.day && $0.copy == day.copy }
            }
        }
    }

    private static func place(_ series: UInt32, _ selection: CopySelection) -> Int {
        selection.places.isEmpty ? 0 : Int(series) < selection.places.count ? Int(selection.places[Int(series)]) : -1
    }

    private struct Cell: Hashable {
        let day: Int
        let hour: Int
        let place: Int
    }

    private func combined(_ selection: CopySelection, _ each: (CopiedDay) -> [(series: UInt32, hour: Int, part: Combined)]) throws
        -> [CopiedSum]
    {
        var cells: [Cell: Combined] = [:]
        for day in try chosen(selection) {
            for (series, hour, part) in each(day) {
                cells[Cell(day: day.day, hour: hour, place: Self.place(series, selection)), default: Combined()]
                    .add(part, selection.function)
            }
        }
        return cells.map { CopiedSum(day: $0.day, hour: $0.hour, place: $0.place, combined: $1) }
    }

    func sums(_ selection: CopySelection) throws -> [CopiedSum] {
        try combined(selection) { day in
            var parts: [(UInt32, Int, Combined)] = []
            day.sums.eachSeries { parts.append(($0, 0, $1)) }
            return parts
        }
    }

    func hours(_ selection: CopySelection) throws -> [CopiedSum] {
        try combined(selection) { day in
            zip(day.points.keys, day.points.values).map { ($0 / 24, Int($0 % 24), Combined(count: 1, amount: $1)) }
        }
    }

    func points(_ selection: CopySelection) throws -> [CopiedPoints] {
        try chosen(selection).map { day in
            var wanted = PointColumns()
            for (key, value) in zip(day.points.keys, day.points.values) where Self.place(key / 24, selection) >= 0 {
                wanted.keys.append(key)
                wanted.values.append(value)
            }
            return CopiedPoints(day: day.day, all: day.points.count, points: wanted)
        }
    }
}
