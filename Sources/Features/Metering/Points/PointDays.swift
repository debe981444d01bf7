import Kernel
import Storage

/// A metric's points of one day as they are read: what was folded and the runs since.
struct PointDay: Sendable {
    let day: Int
    /// Of the folded points; nil where there are newer runs, or where it would say no more than the points.
    var rollup: DayRollup?
    private let base: [UInt8]?
    private let runs: [[UInt8]]

    init(day: Int, base: [UInt8]? = nil, rollup: DayRollup? = nil, runs: [[UInt8]]) {
        (self.day, self.base, self.rollup, self.runs) = (day, base, rollup, runs)
    }

    func points() throws -> PointColumns {
        try PointColumns.merged(((base.map { [$0] } ?? []) + runs).map { try $0.withUnsafeBytes { try PointColumns($0) } })
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
        var next = first
        let (firstSpan, lastSpan) = (PointSpan.number(of: first), PointSpan.number(of: last))
        for number in try asPoints ? [] : PointSpan.made(metric, from: firstSpan, through: lastSpan, connection) {
            let span = PointSpan.days(of: number).clamped(to: first...last)
            // Where something waits, days are read one by one.
            guard !runs.keys.contains(where: span.contains), let found = try PointSpan.find(number, of: metric, connection) else {
                continue
            }
            try days(of: metric, next..<span.lowerBound, runs, asPoints, connection, visit)
            for (day, rollup) in found.rollups where span.contains(day) { try visit(PointDay(day: day, rollup: rollup, runs: [])) }
            next = span.upperBound + 1
        }
        try days(of: metric, next..<last + 1, runs, asPoints, connection, visit)
    }

    /// Days that stand in rows of their own.
    private static func days(
        of metric: Int64, _ days: Range<Int>, _ runs: [Int: [[UInt8]]], _ asPoints: Bool, _ connection: Connection,
        _ visit: (PointDay) throws -> Void
    ) throws {
        guard !days.isEmpty else { return }
        let (first, last) = (days.lowerBound, days.upperBound - 1)
        // Days that have never been folded stand in the runs alone.
        var unfolded = runs.keys.filter(days.contains).sorted()[...]
        try connection.forEachRow(
            """
            SELECT day, rollup, CASE WHEN ? = 1 OR length(rollup) = 0 OR ? = 1 AND day IN (SELECT day FROM point_runs WHERE metric = ? AND day BETWEEN ? AND ?)
            THEN data ELSE NULL END FROM point_days WHERE metric = ? AND day BETWEEN ? AND ? ORDER BY day
            """, asPoints, !runs.isEmpty, metric, first, last, metric, first, last
        ) { row in
            let day = row.integer(0)
            while let next = unfolded.first, next < day {
                try visit(PointDay(day: next, runs: runs[next] ?? []))
                unfolded.removeFirst()
            }
            if unfolded.first == day { unfolded.removeFirst() }
            let base = row.isNull(2) ? nil : row.blob(2)
            let rollup = asPoints || runs[day] != nil ? nil : try row.withBlob(1) { try DayRollup($0) }
            try visit(PointDay(day: day, base: base, rollup: rollup, runs: runs[day] ?? []))
        }
        for day in unfolded { try visit(PointDay(day: day, runs: runs[day] ?? [])) }
    }

    /// The folded points of a day, whether or not there is a rollup.
    static func base(of metric: Int64, _ day: Int, _ connection: Connection) throws -> PointColumns? {
        try connection.row("SELECT data FROM point_days WHERE metric = ? AND day = ?", metric, day) { row in
            try row.withBlob(0) { try PointColumns($0) }
        }
    }
}
