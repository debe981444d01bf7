package import Kernel
package import Storage

/// Which hours were over when points of them came: what has looked at these hours has to look again.
package enum LatePoints {
    /// Days that are remembered; what comes for older ones is history, and nobody's surprise.
    package static let reach = 35

    /// Notes the hours of a slice that are over. `run` counts the batches of the stream.
    static func note(_ slice: DaySlice, of metric: Int64, run: Int, at now: Timestamp, _ connection: Connection) throws {
        let hour = Int(now.seconds.floorDivided(by: 3600))
        guard slice.day * 24 < hour, slice.day + reach >= hour / 24 else { return }
        var hours = 0
        for key in slice.points.keys where slice.day * 24 + Int(key % 24) < hour { hours |= 1 << Int(key % 24) }
        guard hours != 0 else { return }
        try connection.execute(
            """
            INSERT INTO late_points (metric, day, hours, run) VALUES (?, ?, ?, ?)
            ON CONFLICT (metric, day) DO UPDATE SET hours = late_points.hours | excluded.hours, run = excluded.run
            """, metric, slice.day, hours, run)
    }

    /// Hours of a metric, in a stream or in any, for which points came late since those batches; the batches that were the last now.
    package static func hours(
        of metric: String, in stream: DataStreamID?, since runs: [DataStreamID: Int], _ tenant: Tenant, at now: Timestamp,
        _ connection: Connection
    ) throws -> (hours: Set<Int>, runs: [DataStreamID: Int]) {
        let first = Int(now.seconds.floorDivided(by: 86_400)) - reach
        var hours: Set<Int> = []
        var last: [DataStreamID: Int] = [:]
        try connection.forEachRow(
            """
            SELECT m.stream, l.day, l.hours, l.run FROM point_metrics m JOIN late_points l ON l.metric = m.number
            WHERE m.workspace = ? AND m.mode = ? AND m.name = ? AND m.is_gone = 0 AND l.day >= ?
            """, tenant.workspace, tenant.mode, metric, first
        ) { row in
            let found: DataStreamID = try row.get(0)
            guard stream == nil || stream == found, row.integer(3) > runs[found] ?? 0 else { return }
            last[found] = max(last[found] ?? 0, row.integer(3))
            for hour in 0..<24 where row.integer(2) & 1 << hour != 0 { hours.insert(row.integer(1) * 24 + hour) }
        }
        return (hours, last)
    }

    /// How many batches each stream of the tenant has taken.
    package static func runs(in tenant: Tenant, _ connection: Connection) throws -> [DataStreamID: Int] {
        let rows = try connection.rows("SELECT id, runs FROM streams WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode) {
            try ($0.get(0, as: DataStreamID.self), $0.integer(1))
        }
        return Dictionary(rows, uniquingKeysWith: { $1 })
    }

    /// Forgets what is out of reach, of every tenant.
    package static func removeOld(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        try connection.execute(
            "DELETE FROM late_points WHERE (metric, day) IN (SELECT metric, day FROM late_points WHERE day < ? ORDER BY day LIMIT ?)",
            Int(now.seconds.floorDivided(by: 86_400)) - reach, limit)
    }
}
