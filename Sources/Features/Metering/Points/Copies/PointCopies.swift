import Kernel
package import Storage

// The ledger of what was copied. A row stands before its copy is begun, with version 0, and names the fold (`point_days.version`) once the
// store has it: a crash in between leaves a number that nobody reads, and the day is copied under another. Rather than one position in a
// log, it says so for each day, since a day that grows is folded again, and each fold is another content of the same day.

package enum PointCopies {
    package static let migrations = [
        Migration(
            "0180-point-copies",
            """
            CREATE TABLE point_copies (
                metric INTEGER NOT NULL, day INTEGER NOT NULL, version INTEGER NOT NULL, copy INTEGER NOT NULL, copied_at INTEGER NOT NULL,
                PRIMARY KEY (metric, day)
            ) STRICT
            """,
            // Looking for what is to be copied must not read the days themselves.
            "CREATE INDEX point_days_versions ON point_days (metric, day, version, points)")
    ]

    /// So long after it was copied a day that has grown is copied again, in milliseconds: the current one grows all the time.
    static let rest: Int64 = 3_600_000

    /// A copy as young as this may not have reached the replica that was asked.
    static let arrival: Int64 = 60_000

    /// A day to copy.
    struct Due: Sendable {
        let metric: Int64
        let day: Int
        let version: Int
        let points: Int
    }

    /// A day whose copy is whole, of its last fold, and newer than any batch.
    struct Standing: Sendable {
        let day: Int
        let version: Int
        let copy: Int64
        let points: Int
    }

    /// Days to copy after that one, in the order of metrics and days.
    static func due(after last: (metric: Int64, day: Int), at now: Timestamp, limit: Int, _ connection: Connection) throws -> [Due] {
        try connection.rows(
            """
            SELECT d.metric, d.day, d.version, d.points FROM point_days d JOIN point_metrics m ON m.number = d.metric AND m.is_gone = 0
            LEFT JOIN point_copies c ON c.metric = d.metric AND c.day = d.day
            WHERE (d.metric, d.day) > (?, ?)
            AND (c.metric IS NULL OR c.version = 0 OR (c.version <> d.version AND c.copied_at <= ?))
            AND NOT EXISTS (SELECT 1 FROM point_runs r WHERE r.metric = d.metric AND r.day = d.day)
            ORDER BY d.metric, d.day LIMIT ?
            """, last.metric, last.day, now.adding(milliseconds: -rest), limit
        ) { row in Due(metric: try row.get(0), day: row.integer(1), version: row.integer(2), points: row.integer(3)) }
    }

    static func standing(of metric: Int64, from first: Int, through last: Int, _ connection: Connection) throws -> [Standing] {
        try connection.rows(
            """
            SELECT c.day, c.version, c.copy, d.points FROM point_copies c
            JOIN point_days d ON d.metric = c.metric AND d.day = c.day AND d.version = c.version
            WHERE c.metric = ? AND c.day BETWEEN ? AND ?
            AND NOT EXISTS (SELECT 1 FROM point_runs r WHERE r.metric = c.metric AND r.day = c.day)
            ORDER BY c.day
            """, metric, first, last
        ) { row in Standing(day: row.integer(0), version: row.integer(1), copy: try row.get(2), points: row.integer(3)) }
    }

    static func begin(_ due: Due, copy: Int64, at now: Timestamp, _ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO point_copies (metric, day, version, copy, copied_at) VALUES (?, ?, 0, ?, ?)
            ON CONFLICT (metric, day) DO UPDATE SET version = 0, copy = excluded.copy, copied_at = excluded.copied_at
            """, due.metric, due.day, copy, now)
    }

    static func finish(_ due: Due, copy: Int64, _ connection: Connection) throws {
        try connection.execute(
            "UPDATE point_copies SET version = ? WHERE metric = ? AND day = ? AND copy = ?", due.version, due.metric, due.day, copy)
    }

    /// Takes back that a copy is whole, unless it is young: the store was asked, and had something else.
    static func distrust(_ copies: [Standing], of metric: Int64, at now: Timestamp, _ connection: Connection) throws {
        for found in copies {
            try connection.execute(
                "UPDATE point_copies SET version = 0 WHERE metric = ? AND day = ? AND copy = ? AND copied_at <= ?", metric, found.day,
                found.copy, now.adding(milliseconds: -arrival))
        }
    }

    /// A metric that is gone from the database and may not be from the store.
    static func orphan(_ connection: Connection) throws -> Int64? {
        try connection.row(
            "SELECT MIN(metric) FROM point_copies WHERE NOT EXISTS (SELECT 1 FROM point_metrics m WHERE m.number = point_copies.metric)"
        ) { try $0.get(0, as: Int64?.self) } ?? nil
    }

    static func forget(_ metric: Int64, _ connection: Connection) throws {
        try connection.execute("DELETE FROM point_copies WHERE metric = ?", metric)
    }
}
