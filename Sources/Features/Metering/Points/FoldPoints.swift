package import Kernel
package import Storage

/// Folds the runs of each day into one row, with its rollup, and removes the points of deleted streams.
///
/// Reads and merges outside the writer, then swaps in one transaction that checks that nobody else folded the same meanwhile: a run that
/// came in between stays, being newer. A crash leaves either the runs or the day. Runs are folded when they are many and make up a good
/// part of the day, so that a day is not written again for each batch, or when nothing has come for a while.
package struct FoldPoints: Sendable {
    private let store: Store
    private let surroundings: Surroundings

    package init(store: Store, surroundings: Surroundings) {
        self.store = store
        self.surroundings = surroundings
    }

    /// So long after its last run a day is folded whatever stands in it.
    static let quiet: Int64 = 20_000  // milliseconds
    /// Runs that are folded when they hold an eighth of the day's points; so many times that are folded in any case.
    static let few = 8
    static let many = 64

    /// Points read and written again in one transaction, about: a few MB, so that nobody waits long for the writer.
    static let pointsAtOnce = 200_000

    /// One day of one metric that has runs.
    struct Candidate: Sendable {
        let metric: Int64
        let day: Int
        let runs: Int
        let points: Int
        let latest: Timestamp
        let folded: Int

        func isDue(at now: Timestamp) -> Bool {
            (runs >= few && points * 8 >= folded) || runs >= many || latest.adding(milliseconds: quiet) <= now
        }
    }

    /// Folds what is due. `everything` folds whatever there is.
    package func run(everything: Bool = false) async throws {
        let now = surroundings.now()
        let due = try await candidates().filter { everything || $0.isDue(at: now) }
        var next = due.startIndex
        while next < due.endIndex {
            try Task.checkCancellation()
            var points = 0
            let batch = due[next...].prefix { candidate in
                defer { points += candidate.points + candidate.folded }
                return points < Self.pointsAtOnce
            }
            try await fold(Array(batch))
            next = batch.endIndex
        }
        try await SpanMaker(store: store).run()
        try await removeGone()
    }

    func candidates() async throws -> [Candidate] {
        try await store.scan { connection in
            try connection.rows(
                """
                SELECT r.metric, r.day, r.count, r.points, r.latest, COALESCE(d.points, 0) FROM (
                    SELECT metric, day, COUNT(*) AS count, SUM(points) AS points, MAX(written_at) AS latest FROM point_runs
                    GROUP BY metric, day
                ) r LEFT JOIN point_days d ON d.metric = r.metric AND d.day = r.day
                """
            ) { row in
                Candidate(
                    metric: try row.get(0), day: row.integer(1), runs: row.integer(2), points: row.integer(3), latest: row.time(4),
                    folded: row.integer(5))
            }
        }
    }

    /// A day as it was found, and what it is folded to.
    private struct Fold: Sendable {
        let metric: Int64
        let day: Int
        let version: Int?
        let runs: [Int]
        let points: Int
        let total: Combined
        let rollup: [UInt8]
        let data: [UInt8]
    }

    private func fold(_ candidates: [Candidate]) async throws {
        let folds = try await store.scan { connection in
            var functions: [Int64: MetricFunction] = [:]
            return try candidates.compactMap { candidate -> Fold? in
                let known = functions[candidate.metric]
                guard let function = try known ?? Self.function(of: candidate.metric, connection) else { return nil }
                functions[candidate.metric] = function
                return try Self.fold(candidate.metric, candidate.day, function, connection)
            }
        }
        do {
            try await store.write { connection in
                for fold in folds { try Self.swap(fold, connection) }
                for (metric, own) in Dictionary(grouping: folds, by: \.metric) {
                    for span in Set(own.map { PointSpan.number(of: $0.day) }) { try PointSpan.mark(span, of: metric, connection) }
                }
            }
        } catch is Overtaken {}  // none of them is folded now; the next run sees what there is then
    }

    /// Nil for a metric that is gone.
    private static func function(of metric: Int64, _ connection: Connection) throws -> MetricFunction? {
        try connection.row("SELECT function FROM point_metrics WHERE number = ?", metric) { try $0.get(0) }
    }

    private static func fold(_ metric: Int64, _ day: Int, _ function: MetricFunction, _ connection: Connection) throws -> Fold? {
        let base = try connection.row("SELECT version, data FROM point_days WHERE metric = ? AND day = ?", metric, day) { row in
            (version: row.integer(0), points: try row.withBlob(1) { try PointColumns($0) })
        }
        let runs = try connection.rows(
            "SELECT run, data FROM point_runs WHERE metric = ? AND day = ? ORDER BY run", metric, day
        ) { row in (number: row.integer(0), points: try row.withBlob(1) { try PointColumns($0) }) }
        guard !runs.isEmpty else { return nil }
        let points = PointColumns.merged((base.map { [$0.points] } ?? []) + runs.map(\.points))
        let rollup = DayRollup(of: points, function)
        return Fold(
            metric: metric, day: day, version: base?.version, runs: runs.map(\.number), points: points.count, total: rollup.total,
            rollup: rollup.blob, data: points.blob)
    }

    /// Somebody else folded the same day.
    private struct Overtaken: Error {}

    private static func swap(_ fold: Fold, _ connection: Connection) throws {
        let removed = try connection.execute(
            "DELETE FROM point_runs WHERE metric = ? AND day = ? AND run BETWEEN ? AND ?", fold.metric, fold.day, fold.runs.first ?? 0,
            fold.runs.last ?? 0)
        guard removed == fold.runs.count else { throw Overtaken() }
        let bits = Int64(bitPattern: fold.total.amount.bitPattern)
        let changed: Int
        if let version = fold.version {
            changed = try connection.execute(
                """
                UPDATE point_days SET version = version + 1, points = ?, total = ?, rollup = ?, data = ?
                WHERE metric = ? AND day = ? AND version = ?
                """, fold.points, bits, fold.rollup, fold.data, fold.metric, fold.day, version)
        } else {
            changed = try connection.execute(
                """
                INSERT INTO point_days (metric, day, version, points, total, rollup, data) VALUES (?, ?, 1, ?, ?, ?, ?)
                ON CONFLICT (metric, day) DO NOTHING
                """, fold.metric, fold.day, fold.points, bits, fold.rollup, fold.data)
        }
        guard changed == 1 else { throw Overtaken() }
    }

    // MARK: Deleted streams

    /// Days of points removed in one transaction.
    private static let daysAtOnce = 50

    private func removeGone() async throws {
        while let metric = try await store.read({ connection in
            try connection.row("SELECT number FROM point_metrics WHERE is_gone = 1 ORDER BY number LIMIT 1") {
                try $0.get(0, as: Int64.self)
            }
        }) {
            try Task.checkCancellation()
            try await store.write { try PointRemoval.remove(metric, atMost: Self.daysAtOnce, $0) }
        }
    }
}

/// Removes what stands below a metric.
enum PointRemoval {
    private static let tables = ["point_runs", "point_days", "point_hours"]

    /// Its next days; with the last of them the metric itself.
    static func remove(_ metric: Int64, atMost days: Int, _ connection: Connection) throws {
        let next = try connection.row(
            "SELECT MAX(day) FROM (SELECT DISTINCT day FROM point_hours WHERE metric = ? ORDER BY day LIMIT ?) d", metric, days
        ) { try $0.get(0, as: Int?.self) }
        if let last = next ?? nil {
            for table in tables { try connection.execute("DELETE FROM \(table) WHERE metric = ? AND day <= ?", metric, last) }
        } else {
            for table in ["point_series", "point_spans"] { try connection.execute("DELETE FROM \(table) WHERE metric = ?", metric) }
            try connection.execute("DELETE FROM point_metrics WHERE number = ?", metric)
        }
    }
}
