import Storage

/// The rollups of 32 days of one metric in one row: a chart of a year reads a dozen of them instead of 365 rows of which each holds a day's
/// points too.
///
/// Only folding writes days, and what it changes it marks: a row without data is one to be made anew. Spans are made once they are over and
/// nothing waits in them, and only where days have rollups; a day of one point for each series is its own.
struct PointSpan: Sendable {
    /// By day, rising.
    let rollups: [(day: Int, rollup: DayRollup)]

    private static let days = 32
    /// Values of one span: 16 MB while it is made.
    private static let most = 1 << 20

    static func number(of day: Int) -> Int { day >> 5 }
    static func days(of number: Int) -> ClosedRange<Int> { number << 5...number << 5 + days - 1 }

    /// Empty where it would not be worth it.
    var blob: [UInt8] {
        let count = rollups.reduce(0) { $0 + $1.rollup.series.count }
        guard !rollups.isEmpty, count <= Self.most else { return [] }
        let first = rollups[0].rollup.series
        let isEven = rollups.allSatisfy { $0.rollup.series == first }
        var writer = ByteWriter(capacity: count * 6 + 256)
        AscendingColumn.write(rollups.map { UInt32($0.day & (Self.days - 1)) }, to: &writer)
        writer.byte(isEven ? 1 : 0)
        for (_, rollup) in isEven ? rollups[..<1] : rollups[...] { AscendingColumn.write(Array(rollup.series), to: &writer) }
        NumberColumn.write(rollups.flatMap(\.rollup.amounts), to: &writer)
        IntegerColumn.write(rollups.flatMap(\.rollup.counts), to: &writer)
        return writer.bytes
    }

    init(_ rollups: [(day: Int, rollup: DayRollup)]) { self.rollups = rollups }

    /// Nil for an empty blob.
    init?(_ blob: UnsafeRawBufferPointer, _ number: Int) throws {
        guard !blob.isEmpty else { return nil }
        var reader = ByteReader(blob)
        let days = try AscendingColumn.read(from: &reader)
        let isEven = try reader.byte() == 1
        let series = try (0..<(isEven ? min(1, days.count) : days.count)).map { _ in try AscendingColumn.read(from: &reader) }
        let amounts = try NumberColumn.read(from: &reader)
        let counts = try IntegerColumn.read(from: &reader)
        var start = 0
        rollups = try days.enumerated().map { place, day in
            let series = series[isEven ? 0 : place]
            let end = start + series.count
            guard day < Self.days, end <= amounts.count, amounts.count == counts.count else {
                throw StorageError.corrupt("A span of days has columns of different lengths.")
            }
            defer { start = end }
            return (number << 5 + Int(day), DayRollup(series: series[...], amounts: amounts[start..<end], counts: counts[start..<end]))
        }
    }
}

// MARK: Rows

extension PointSpan {
    /// Those that are made, of the spans from one to another.
    static func made(_ metric: Int64, from first: Int, through last: Int, _ connection: Connection) throws -> [Int] {
        try connection.rows(
            "SELECT span FROM point_spans WHERE metric = ? AND span BETWEEN ? AND ? AND data IS NOT NULL ORDER BY span", metric, first, last
        ) { $0.integer(0) }
    }

    static func find(_ number: Int, of metric: Int64, _ connection: Connection) throws -> PointSpan? {
        try connection.row("SELECT data FROM point_spans WHERE metric = ? AND span = ? AND data IS NOT NULL", metric, number) { row in
            try row.withBlob(0) { try PointSpan($0, number) }
        } ?? nil
    }

    /// In the transaction that changes a day of it.
    static func mark(_ number: Int, of metric: Int64, _ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO point_spans (metric, span, version, data) VALUES (?, ?, 1, NULL)
            ON CONFLICT (metric, span) DO UPDATE SET version = point_spans.version + 1, data = NULL
            """, metric, number)
    }
}

/// Makes the spans that folding marked.
struct SpanMaker: Sendable {
    let store: Store

    /// Spans that are made in one transaction.
    private static let atOnce = 16

    private struct Open: Sendable {
        let metric: Int64
        let number: Int
        let version: Int
    }

    func run() async throws {
        var open = try await open()[...]
        while !open.isEmpty {
            try Task.checkCancellation()
            let part = Array(open.prefix(Self.atOnce))
            let made = try await store.scan { connection in try part.map { ($0, try Self.span($0, connection).blob) } }
            try await store.write { connection in for (span, blob) in made { try Self.keep(blob, span, connection) } }
            open = open.dropFirst(part.count)
        }
    }

    /// Spans that are over, for their metric, and in which nothing waits to be folded.
    private func open() async throws -> [Open] {
        try await store.scan { connection in
            try connection.rows(
                """
                SELECT s.metric, s.span, s.version FROM point_spans s JOIN point_metrics m ON m.number = s.metric
                WHERE s.data IS NULL AND m.is_gone = 0 AND m.last_hour >= (s.span + 1) * 768 AND NOT EXISTS (
                    SELECT 1 FROM point_runs r WHERE r.metric = s.metric AND r.day BETWEEN s.span * 32 AND s.span * 32 + 31)
                ORDER BY s.metric, s.span
                """
            ) { row in Open(metric: try row.get(0), number: row.integer(1), version: row.integer(2)) }
        }
    }

    /// Without days where one of them has no rollup.
    private static func span(_ open: Open, _ connection: Connection) throws -> PointSpan {
        let days = PointSpan.days(of: open.number)
        let rollups = try connection.rows(
            "SELECT day, rollup FROM point_days WHERE metric = ? AND day BETWEEN ? AND ? ORDER BY day", open.metric, days.lowerBound,
            days.upperBound
        ) { row in (day: row.integer(0), rollup: try row.withBlob(1) { try DayRollup($0) }) }
        let known = rollups.compactMap { day, rollup in rollup.map { (day: day, rollup: $0) } }
        return PointSpan(known.count == rollups.count ? known : [])
    }

    /// Nothing where a day was folded in between.
    private static func keep(_ blob: [UInt8], _ span: Open, _ connection: Connection) throws {
        try connection.execute(
            "UPDATE point_spans SET data = ? WHERE metric = ? AND span = ? AND version = ? AND data IS NULL", blob, span.metric,
            span.number, span.version)
    }
}
