package import Kernel
package import Storage

/// Copies folded days to a point store, and has it forget those of deleted streams.
///
/// Done by the server that does the background work, through its fenced store: one that was overtaken can still write to the point store,
/// but not to the ledger, so what it wrote is never read.
package struct CopyPoints: Sendable {
    private let store: Store
    private let target: any PointStore
    private let surroundings: Surroundings

    package init(store: Store, to target: any PointStore, surroundings: Surroundings) {
        self.store = store
        self.target = target
        self.surroundings = surroundings
    }

    /// In one request to the store: a few MB, and fewer partitions than it takes at once.
    private static let pointsAtOnce = 200_000
    private static let daysAtOnce = 50

    /// Copies all that is due. Throws when the store cannot be reached; what was copied until then stays.
    package func run() async throws {
        // Also with nothing to copy: where another has taken its place, reading finds out what it lacks only if it can be asked.
        try await target.open()
        var last: (metric: Int64, day: Int) = (.min, .min)
        while true {
            try Task.checkCancellation()
            let (now, position) = (surroundings.now(), last)
            let due = try await store.scan { try PointCopies.due(after: position, at: now, limit: Self.daysAtOnce, $0) }
            guard let first = due.first else { break }
            var points = 0
            let batch =
                [first]
                + due.dropFirst().prefix { day in
                    points += day.points
                    return points + first.points <= Self.pointsAtOnce
                }
            try await copy(batch, at: now)
            if let end = batch.last { last = (end.metric, end.day) }
        }
        while let metric = try await store.read({ try PointCopies.orphan($0) }) {
            try await target.remove(metric: metric)
            try await store.write { try PointCopies.forget(metric, $0) }
        }
    }

    private func copy(_ batch: [PointCopies.Due], at now: Timestamp) async throws {
        // Rising with the time, so that ReplacingMergeTree and its like keep the newest; never the same, not even after a restored backup.
        let copy = now.milliseconds << 20 | Int64(surroundings.random() & 0xF_FFFF)
        try await store.write { connection in for day in batch { try PointCopies.begin(day, copy: copy, at: now, connection) } }
        let days = try await store.scan { connection in try batch.compactMap { try Self.read($0, copy, connection) } }
        try await target.add(days)
        let whole = Set(days.map { [Int64($0.day), $0.metric] })
        try await store.write { connection in
            for day in batch where whole.contains([Int64(day.day), day.metric]) { try PointCopies.finish(day, copy: copy, connection) }
        }
    }

    /// Nil when the day has been folded again or removed meanwhile.
    private static func read(_ due: PointCopies.Due, _ copy: Int64, _ connection: Connection) throws -> CopiedDay? {
        try connection.row(
            """
            SELECT d.data, m.function FROM point_days d JOIN point_metrics m ON m.number = d.metric
            WHERE d.metric = ? AND d.day = ? AND d.version = ?
            """, due.metric, due.day, due.version
        ) { row in
            let points = try row.withBlob(0) { try PointColumns($0) }
            return CopiedDay(
                metric: due.metric, day: due.day, copy: copy, points: points,
                sums: DayRollup(of: points, try row.get(1, as: MetricFunction.self)))
        }
    }
}
