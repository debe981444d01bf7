// ClickHouse over its HTTP interface, version 18.16 or newer. Two tables: points, and what each series came to on a day. A row carries the
// number of its copy; queries name the copies they mean, so ReplacingMergeTree only has to remove what nobody asks for any more.
//
// `sum` of ClickHouse adds doubles in whatever order blocks arrive, in some versions several at a time. Here values are gathered, sorted by
// the database's order and added by `arrayCumSum`, which goes from left to right. Extremes do not depend on the order.
//
// Requests and answers are RowBinary: a double arrives as the bits it left with.

import Kernel
package import Outgoing
import Storage
import Web

/// Copies of points in ClickHouse.
package struct ClickHousePoints: PointStore {
    package typealias Send = @Sendable (OutgoingRequest) async throws -> OutgoingResponse

    private let address: ClickHouseAddress
    private let send: Send

    package init(_ address: ClickHouseAddress, send: @escaping Send) {
        self.address = address
        self.send = send
    }

    /// Bytes of one answer; who asks for more reads the database.
    private static let mostBytes = 256 << 20

    private static let names = ["cloudapi_points", "cloudapi_point_sums"]

    /// What an operator may make otherwise before: replicated, sharded, with other partitions. The columns and their order must be these.
    package static let tables = [
        """
        CREATE TABLE IF NOT EXISTS cloudapi_points (metric Int64, day Int32, series UInt32, hour UInt8, value Float64, copy Int64) \
        ENGINE = ReplacingMergeTree(copy) PARTITION BY intDiv(day, 28) ORDER BY (metric, day, series, hour)
        """,
        """
        CREATE TABLE IF NOT EXISTS cloudapi_point_sums (metric Int64, day Int32, series UInt32, points UInt32, amount Float64, copy Int64) \
        ENGINE = ReplacingMergeTree(copy) PARTITION BY intDiv(day, 28) ORDER BY (metric, day, series)
        """,
    ]

    package func open() async throws {
        for (name, definition) in zip(Self.names, Self.tables) {
            // Whose operator made them need not let us make any.
            guard try await run("EXISTS TABLE \(name) FORMAT TabSeparated") == Array("0\n".utf8) else { continue }
            _ = try await run(definition)
        }
    }

    package func add(_ days: [CopiedDay]) async throws {
        var (points, sums) = (ByteWriter(capacity: 33 * days.reduce(0) { $0 + $1.points.count }), ByteWriter())
        for day in days {
            for (key, value) in zip(day.points.keys, day.points.values) {
                points.word(UInt64(bitPattern: day.metric))
                points.half(UInt32(bitPattern: Int32(day.day)))
                points.half(key / 24)
                points.byte(UInt8(key % 24))
                points.word(value.bitPattern)
                points.word(UInt64(bitPattern: day.copy))
            }
            day.sums.eachSeries { series, part in
                sums.word(UInt64(bitPattern: day.metric))
                sums.half(UInt32(bitPattern: Int32(day.day)))
                sums.half(series)
                sums.half(UInt32(part.count))
                sums.word(part.amount.bitPattern)
                sums.word(UInt64(bitPattern: day.copy))
            }
        }
        guard !points.bytes.isEmpty else { return }
        _ = try await run("INSERT INTO cloudapi_points (metric, day, series, hour, value, copy) FORMAT RowBinary", points.bytes)
        _ = try await run("INSERT INTO cloudapi_point_sums (metric, day, series, points, amount, copy) FORMAT RowBinary", sums.bytes)
    }

    package func remove(metric: Int64) async throws {
        for table in Self.names {
            guard try await !run("SELECT metric FROM \(table) WHERE metric = \(metric) LIMIT 1").isEmpty else { continue }
            do {
                _ = try await run("ALTER TABLE \(try await rows(of: table)) DELETE WHERE metric = \(metric)")
            } catch StorageError.unavailable(let answer) where answer.contains("Code: 159") {
                // Not all of a cluster have done it yet; who is down does it when it is back.
            }
        }
    }

    /// The table that has the rows: where one hands on to shards, those there.
    private func rows(of table: String) async throws -> String {
        let engine = try await run(
            "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = '\(table)' FORMAT TabSeparatedRaw")
        // In newer versions the names are quoted.
        let names = /^Distributed\('?([^',]*)'?, '?([^',]*)'?, '?([^',)]*)'?/
        guard let found = String(decoding: engine, as: UTF8.self).firstMatch(of: names) else { return table }
        let (_, cluster, database, local) = found.output
        return "`\(database)`.`\(local)` ON CLUSTER `\(cluster)`"
    }

    package func sums(_ selection: CopySelection) async throws -> [CopiedSum] {
        try await combined(selection, "cloudapi_point_sums", hour: "toUInt8(0)", points: "sum(points)", value: "amount")
    }

    package func hours(_ selection: CopySelection) async throws -> [CopiedSum] {
        try await combined(selection, "cloudapi_points", hour: "hour", points: "count()", value: "value")
    }

    package func points(_ selection: CopySelection) async throws -> [CopiedPoints] {
        let isWanted = "\(selection.place) >= 0"
        let key = "toUInt32(series * 24 + hour)"
        let answer = try await run(
            """
            SELECT day, toUInt64(count()), arraySort(groupArrayIf(\(key), \(isWanted))), \
            arraySort((v, k) -> k, groupArrayIf(value, \(isWanted)), groupArrayIf(\(key), \(isWanted))) \
            FROM cloudapi_points WHERE \(selection.condition) GROUP BY day FORMAT RowBinary
            """)
        return try ByteReader.reading(answer) { reader in
            var found: [CopiedPoints] = []
            while !reader.isAtEnd {
                let (day, all) = (Int(try reader.int32()), Int(truncatingIfNeeded: try reader.word()))
                let keys = try (0..<(try reader.count(atMost: ByteReader.mostValues))).map { _ in UInt32(bitPattern: try reader.int32()) }
                let values = try (0..<(try reader.count(atMost: keys.count))).map { _ in Double(bitPattern: try reader.word()) }
                guard values.count == keys.count else { throw StorageError.corrupt("ClickHouse answered keys without values.") }
                found.append(CopiedPoints(day: day, all: all, points: PointColumns(keys: keys, values: values)))
            }
            return found
        }
    }

    private func combined(
        _ selection: CopySelection, _ table: String, hour: String, points: String, value: String
    ) async throws -> [CopiedSum] {
        let amount =
            switch selection.function {
            case .sum, .average:
                "arrayElement(arrayCumSum(arraySort((v, k) -> k, groupArrayIf(\(value), place >= 0), groupArrayIf(series, place >= 0))), -1)"
            case .minimum: "min(\(value))"
            case .maximum: "max(\(value))"
            }
        let answer = try await run(
            """
            SELECT day, \(hour) AS part, \(selection.place) AS place, toUInt64(\(points)), toFloat64(\(amount)) \
            FROM \(table) WHERE \(selection.condition) GROUP BY day, part, place FORMAT RowBinary
            """)
        return try ByteReader.reading(answer) { reader in
            var found: [CopiedSum] = []
            while !reader.isAtEnd {
                let (day, hour, place) = (Int(try reader.int32()), Int(try reader.byte()), Int(try reader.int32()))
                let combined = Combined(count: Int(truncatingIfNeeded: try reader.word()), amount: Double(bitPattern: try reader.word()))
                found.append(CopiedSum(day: day, hour: hour, place: place, combined: combined))
            }
            return found
        }
    }

    /// With `body`, `sql` goes into the URL; else `sql` is the body, which may be long: a filter names each series.
    private func run(_ sql: String, _ body: [UInt8]? = nil) async throws -> [UInt8] {
        // Without waiting for the end, what fails midway would have begun as a success.
        var query = "wait_end_of_query=1&max_query_size=100000000&database=" + PercentEncoding.encode(address.database)
        // How long to wait for all of a cluster.
        query += "&distributed_ddl_task_timeout=1"
        // A table that hands on to shards has what it acknowledges.
        if body != nil { query += "&insert_distributed_sync=1&query=" + PercentEncoding.encode(sql) }
        let answer = try await send(
            OutgoingRequest(
                .post, address.base + "/?" + query, headers: address.headers, body: body ?? Array(sql.utf8),
                timeout: .seconds(body == nil ? 10 : 60), bodyLimit: Self.mostBytes))
        guard answer.status == 200 else {
            let text = String(decoding: answer.body.prefix(300), as: UTF8.self)
            throw StorageError.unavailable("ClickHouse answered \(answer.status): \(text)")
        }
        return try answer.wholeBody()
    }
}

extension CopySelection {
    /// SQL for the group of a row's series.
    fileprivate var place: String {
        guard !places.isEmpty else { return "toInt32(0)" }
        let list = places.map(String.init).joined(separator: ",")
        return "if(series < \(places.count), toInt32(arrayElement([\(list)], series + 1)), toInt32(-1))"
    }

    /// SQL for the rows of the copies.
    fileprivate var condition: String {
        let days = copies.map(\.day)
        let pairs = copies.map { "(\($0.day), \($0.copy))" }.joined(separator: ", ")
        return "metric = \(metric) AND day BETWEEN \(days.min() ?? 0) AND \(days.max() ?? 0) AND (day, copy) IN (\(pairs))"
    }
}

extension ByteWriter {
    fileprivate mutating func half(_ value: UInt32) {
        withUnsafeBytes(of: value.littleEndian) { append($0) }
    }
}

extension ByteReader {
    fileprivate mutating func int32() throws -> Int32 {
        Int32(littleEndian: try take(4).loadUnaligned(as: Int32.self))
    }
}
