import Kernel
import Storage

/// A metric's points of one day as they are read: what was folded and the runs since.
struct PointDay: Sendable {
    let day: Int
    /// Of the folded points; nil where there are newer runs, or where it would say no more than the points.
    var rollup: DayRollup?
    private let base: [UInt8]?
    private let runs: [[UInt8]]

    init(day: Int, base: [UInt8]?, rollup: [UInt8], runs: [[UInt8]]) throws {
        self.day = day
        self.base = base
        self.runs = runs
        self.rollup = runs.isEmpty ? try DayRollup(rollup) : nil
    }

    func points() throws -> PointColumns {
        try PointColumns.merged((base.map { [$0] } ?? []).map { try PointColumns($0) } + runs.map { try PointColumns($0) })
    }
}

enum PointDays {
    /// Visits a metric's days from one to another, both included, in order; days without points are left out. With `asPoints` no rollups
    /// are read.
    static func each(
        of metric: Int64, from first: Int, through last: Int, asPoints: Bool, _ connection: Connection, _ visit: (PointDay) throws -> Void
    ) throws {
        var runs: [Int: [[UInt8]]] = [:]
        try connection.forEachRow(
            "SELECT day, data FROM point_runs WHERE metric = ? AND day BETWEEN ? AND ? ORDER BY day, run", metric, first, last
        ) { row in runs[row.integer(0), default: []].append(row.blob(1)) }
        // Days that have never been folded stand in the runs alone.
        var unfolded = runs.keys.sorted()[...]
        try connection.forEachRow(
            """
            SELECT day, rollup, CASE WHEN ? = 1 OR length(rollup) = 0 OR ? = 1 AND day IN (SELECT day FROM point_runs WHERE metric = ? AND day BETWEEN ? AND ?)
            THEN data ELSE NULL END FROM point_days WHERE metric = ? AND day BETWEEN ? AND ? ORDER BY day
            """, asPoints, !runs.isEmpty, metric, first, last, metric, first, last
        ) { row in
            let day = row.integer(0)
            while let next = unfolded.first, next < day {
                try visit(PointDay(day: next, base: nil, rollup: [], runs: runs[next] ?? []))
                unfolded.removeFirst()
            }
            if unfolded.first == day { unfolded.removeFirst() }
            let base = row.isNull(2) ? nil : row.blob(2)
            try visit(PointDay(day: day, base: base, rollup: asPoints ? [] : row.blob(1), runs: runs[day] ?? []))
        }
        for day in unfolded { try visit(PointDay(day: day, base: nil, rollup: [], runs: runs[day] ?? [])) }
    }

    /// The folded points of a day, whether or not there is a rollup.
    static func base(of metric: Int64, _ day: Int, _ connection: Connection) throws -> [UInt8]? {
        try connection.row("SELECT data FROM point_days WHERE metric = ? AND day = ?", metric, day) { try $0.get(0) }
    }
}
