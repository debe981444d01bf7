import Kernel
import Storage

/// A metric of a stream as it stands in the database: a name and a function.
struct StoredMetric: Sendable {
    let number: Int64
    let name: String
    let function: MetricFunction
    let series: Int
    let points: Int
    /// Hours since 1970 of its first and last point.
    let first: Int
    let last: Int

    private static let selection = "SELECT number, name, function, series, points, first_hour, last_hour FROM point_metrics"

    private static func read(_ row: Row) throws -> StoredMetric {
        StoredMetric(
            number: try row.get(0), name: row.text(1), function: try row.get(2), series: row.integer(3), points: row.integer(4),
            first: row.integer(5), last: row.integer(6))
    }

    static func all(
        of stream: DataStreamID, _ function: MetricFunction, in tenant: Tenant, _ connection: Connection
    ) throws -> [StoredMetric] {
        try connection.rows(
            "\(selection) WHERE workspace = ? AND mode = ? AND stream = ? AND function = ? ORDER BY name", tenant.workspace, tenant.mode,
            stream, function, as: read)
    }

    /// By name, then function.
    static func all(of stream: DataStreamID, in tenant: Tenant, _ connection: Connection) throws -> [StoredMetric] {
        try connection.rows(
            "\(selection) WHERE workspace = ? AND mode = ? AND stream = ? ORDER BY name, function", tenant.workspace, tenant.mode, stream,
            as: read)
    }

    static func find(
        _ name: String, of stream: DataStreamID, _ function: MetricFunction, in tenant: Tenant, _ connection: Connection
    ) throws -> StoredMetric? {
        try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND stream = ? AND function = ? AND name = ?", tenant.workspace, tenant.mode,
            stream, function, name, as: read)
    }

    /// Of every stream of the tenant that has it.
    static func find(
        _ name: String, _ function: MetricFunction, in tenant: Tenant, _ connection: Connection
    ) throws -> [StoredMetric] {
        try connection.rows(
            "\(selection) WHERE workspace = ? AND mode = ? AND function = ? AND name = ? AND is_gone = 0 ORDER BY stream",
            tenant.workspace, tenant.mode, function, name, as: read)
    }

    static func make(
        _ name: String, of stream: DataStreamID, _ function: MetricFunction, in tenant: Tenant, _ connection: Connection
    ) throws -> Int64 {
        let number = try connection.row("UPDATE point_numbers SET last = last + 1 WHERE name = 'metric' RETURNING last") {
            try $0.get(0, as: Int64.self)
        }
        guard let number else { throw StorageError.corrupt("There is no number for a metric.") }
        try connection.execute(
            """
            INSERT INTO point_metrics (workspace, mode, stream, function, name, number, series, points, first_hour, last_hour)
            VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?, ?)
            """, tenant.workspace, tenant.mode, stream, function, name, number, Int64(Int32.max), Int64(Int32.min))
        return number
    }

    static func add(_ series: [Dimensions], to metric: Int64, from first: Int, in tenant: Tenant, _ connection: Connection) throws {
        try connection.execute(
            "INSERT INTO point_series (metric, first, data) VALUES (?, ?, ?)", metric, first, SeriesChunk.blob(series))
        try connection.execute(
            "UPDATE point_metrics SET series = ? WHERE workspace = ? AND mode = ? AND number = ?", first + series.count, tenant.workspace,
            tenant.mode, metric)
    }

    /// Visits the metric's series from that number on, which begins a chunk.
    static func eachChunk(
        of metric: Int64, from first: Int, _ connection: Connection, _ visit: (_ first: Int, _ dimensions: [Dimensions]) throws -> Void
    ) throws {
        try connection.forEachRow("SELECT first, data FROM point_series WHERE metric = ? AND first >= ? ORDER BY first", metric, first) {
            try visit($0.integer(0), try SeriesChunk.read(try $0.get(1)))
        }
    }

    /// The same, coded, of all its series.
    static func eachCodedChunk(of metric: Int64, _ connection: Connection, _ visit: (SeriesChunk.Coded) throws -> Void) throws {
        try connection.forEachRow("SELECT data FROM point_series WHERE metric = ? ORDER BY first", metric) {
            try visit(try SeriesChunk.Coded(try $0.get(0)))
        }
    }
}
