// From the embedded database to PostgreSQL. Both have the same tables, made by the same migrations, so a row moves as it is; what could go wrong
// is a batch that is lost, cut or changed on its way. So every table is read again on both sides when it has been copied, in the order of
// its key, and the rows' SHA-256 are compared.
//
// While it lasts, a row among the target's migrations says so: no server opens such a database, since to it that is a migration of a newer
// version, and the next attempt knows what it may clear away. Nothing is ever removed from a database that holds anything else.

import Crypto
package import Kernel

/// Copies a whole installation from SQLite to an empty PostgreSQL database.
package struct StoreMove: Sendable {
    /// What stands among the migrations of a target that is not complete.
    package static let mark = "move-in-progress"
    /// Rows of one statement; fewer where they are large.
    private static let rowsAtOnce = 200
    private static let bytesAtOnce = 4 << 20

    private let source: Store
    private let target: Store
    private let migrator: Migrator
    private let now: Timestamp

    package init(from source: Store, to target: Store, _ migrations: [Migration], at now: Timestamp) {
        self.source = source
        self.target = target
        self.now = now
        migrator = Migrator(migrations)
    }

    package enum Failure: Error, Sendable, Equatable {
        case sourceIsOlder(missing: String)
        case targetIsNotEmpty(table: String)
        case different(table: String, detail: String)
    }

    package struct Moved: Sendable, Equatable {
        package let table: String
        package let rows: Int
    }

    /// Copies and compares. What a failure leaves in the target is cleared away by the next attempt; the source is never changed.
    package func run(_ progress: @Sendable (Moved) -> Void = { _ in }) async throws -> [Moved] {
        if let missing = try await migrator.pending(in: source).first { throw Failure.sourceIsOlder(missing: missing) }
        try await prepareTarget()
        let tables = try await source.read { try MovedTable.all($0) }
        try await empty(tables)
        var moved: [Moved] = []
        for table in tables {
            let rows = try await copy(table)
            try await compare(table)
            moved.append(Moved(table: table.name, rows: rows))
            progress(Moved(table: table.name, rows: rows))
        }
        try await target.write { connection in
            try connection.execute("DELETE FROM migrations WHERE id = ?", Self.mark)
            try connection.execute("ANALYZE")
        }
        return moved
    }

    // MARK: The target

    private func prepareTarget() async throws {
        let tables = try await target.read { connection in
            try connection.rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename") { $0.text(0) }
        }
        if !tables.isEmpty {
            let isOurs = try await target.read { connection in
                guard tables.contains("migrations") else { return false }
                return try connection.row("SELECT 1 FROM migrations WHERE id = ?", Self.mark) { _ in true } ?? false
            }
            guard isOurs else { throw Failure.targetIsNotEmpty(table: tables.first { $0 != "migrations" } ?? "migrations") }
            // What an attempt before this one has left.
            for part in tables.parts(of: 50) {
                try await target.write { connection in
                    for table in part where table != "migrations" { try connection.execute("DROP TABLE IF EXISTS \(table) CASCADE") }
                }
            }
            _ = try await target.write { try $0.execute("DROP TABLE migrations") }
        }
        try await target.write { connection in
            try Migrator.createTable(connection)
            try connection.execute("INSERT INTO migrations (id, applied_at) VALUES (?, ?)", Self.mark, now)
        }
        _ = try await migrator.migrate(target, at: now, knowing: [Self.mark])
    }

    /// Migrations put first rows into some tables.
    private func empty(_ tables: [MovedTable]) async throws {
        try await target.write { connection in
            for table in tables.reversed() { try connection.execute("DELETE FROM \(table.name)") }
        }
    }

    // MARK: One table

    private func copy(_ table: MovedTable) async throws -> Int {
        var last: [SQLValue]?
        var count = 0
        while true {
            try Task.checkCancellation()
            let batch = try await source.scan { [last] in try table.rows(after: last, atMost: Self.rowsAtOnce, bytes: Self.bytesAtOnce, $0)
            }
            guard let end = batch.last else { return count }
            _ = try await target.write { try table.insert(batch, $0) }
            count += batch.count
            last = table.key(of: end)
        }
    }

    private func compare(_ table: MovedTable) async throws {
        async let there = digest(of: table, in: target)
        let here = try await digest(of: table, in: source)
        let copied = try await there
        guard here.rows == copied.rows else {
            throw Failure.different(table: table.name, detail: "\(here.rows) rows became \(copied.rows)")
        }
        guard here.sum == copied.sum else { throw Failure.different(table: table.name, detail: "the rows' SHA-256 differ") }
    }

    private func digest(of table: MovedTable, in store: Store) async throws -> (rows: Int, sum: [UInt8]) {
        try await store.scan { connection in
            var hash = SHA256()
            var rows = 0
            try table.forEachRow(connection) { row in
                rows += 1
                for value in row { hash.update(data: value.canonicalBytes) }
            }
            return (rows, Array(hash.finalize()))
        }
    }
}

extension SQLValue {
    /// The kind, the length and the bytes, so that no two rows have the same.
    fileprivate var canonicalBytes: [UInt8] {
        func framed(_ kind: UInt8, _ bytes: some Collection<UInt8>) -> [UInt8] {
            [kind] + withUnsafeBytes(of: UInt64(bytes.count).bigEndian, Array.init) + bytes
        }
        return switch self {
        case .null: [0]
        case .integer(let number): framed(1, withUnsafeBytes(of: number.bigEndian, Array.init))
        case .text(let text): framed(2, text.utf8)
        case .blob(let blob): framed(3, blob)
        }
    }

    fileprivate var size: Int {
        switch self {
        case .null: 1
        case .integer: 8
        case .text(let text): text.utf8.count
        case .blob(let blob): blob.count
        }
    }
}

extension Array {
    fileprivate func parts(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}

/// A table as the source describes it.
private struct MovedTable: Sendable {
    enum Kind: Sendable {
        case integer
        case text
        case blob
    }

    let name: String
    let columns: [(name: String, kind: Kind)]
    /// Places of the columns that order the rows: the primary key, or all of them.
    let keys: [Int]

    /// In the order of their making, so that rows come after those they refer to.
    static func all(_ connection: Connection) throws -> [MovedTable] {
        let names = try connection.rows(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'grdb_%' ORDER BY rowid"
        ) { $0.text(0) }
        // The migrations of the target are its own; leases belong to servers, of which none works on it yet.
        return try names.filter { $0 != "migrations" && $0 != "leases" }.map { try MovedTable($0, connection) }
    }

    init(_ name: String, _ connection: Connection) throws {
        self.name = name
        let found = try connection.rows("SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid", name) { row in
            (name: row.text(0), type: row.text(1).uppercased(), key: row.integer(2))
        }
        columns = found.map { ($0.name, $0.type == "INTEGER" ? .integer : $0.type == "BLOB" ? .blob : .text) }
        let keyed = found.indices.filter { found[$0].key > 0 }.sorted { found[$0].key < found[$1].key }
        keys = keyed.isEmpty ? Array(found.indices) : keyed
    }

    private var columnList: String { columns.map { "\"\($0.name)\"" }.joined(separator: ", ") }
    private var keyList: String { keys.map { "\"\(columns[$0].name)\"" }.joined(separator: ", ") }

    func key(of row: [SQLValue]) -> [SQLValue] { keys.map { row[$0] } }

    private func read(_ row: Row) throws -> [SQLValue] {
        try columns.indices.map { column in
            if row.isNull(column) { return .null }
            return switch columns[column].kind {
            case .integer: .integer(try row.get(column))
            case .text: .text(row.text(column))
            case .blob: .blob(try row.get(column))
            }
        }
    }

    /// The next rows in the order of the key; at least one, if there is one, however large.
    func rows(after key: [SQLValue]?, atMost limit: Int, bytes: Int, _ connection: Connection) throws -> [[SQLValue]] {
        struct Enough: Error {}
        let marks = keys.map { _ in "?" }.joined(separator: ", ")
        let condition = key == nil ? "" : "WHERE (\(keyList)) > (\(marks)) "
        var rows: [[SQLValue]] = []
        var size = 0
        do {
            try connection.driver.stream(
                "SELECT \(columnList) FROM \(name) \(condition)ORDER BY \(keyList) LIMIT ?", (key ?? []) + [.integer(Int64(limit))]
            ) { row in
                rows.append(try read(row))
                size += rows[rows.count - 1].reduce(0) { $0 + $1.size }
                if size >= bytes { throw Enough() }
            }
        } catch is Enough {}
        return rows
    }

    func insert(_ rows: [[SQLValue]], _ connection: Connection) throws -> Int {
        let marks = "(" + columns.map { _ in "?" }.joined(separator: ", ") + ")"
        return try connection.execute(
            "INSERT INTO \(name) (\(columnList)) VALUES \(Array(repeating: marks, count: rows.count).joined(separator: ", "))",
            values: rows.flatMap(\.self))
    }

    func forEachRow(_ connection: Connection, _ visit: ([SQLValue]) throws -> Void) throws {
        try connection.driver.stream("SELECT \(columnList) FROM \(name) ORDER BY \(keyList)", []) { try visit(read($0)) }
    }
}
