/// SQL on one PostgreSQL connection.
final class PostgresDriver: Driver {
    private static let batch = 256

    private let handle: PostgresHandle
    private var openCursors = 0

    init(_ handle: PostgresHandle) { self.handle = handle }

    var dialect: Dialect { .postgres }

    func execute(_ sql: String, _ values: [SQLValue]) throws -> Int { try handle.run(sql, values).changedRows }

    func query(_ sql: String, _ values: [SQLValue], _ each: (Row) throws -> Void) throws { try handle.run(sql, values).forEachRow(each) }

    /// Through a cursor: libpq holds the whole answer of a plain query, and its row-by-row mode allows no other statement meanwhile.
    func stream(_ sql: String, _ values: [SQLValue], _ each: (Row) throws -> Void) throws {
        let name = "scan\(openCursors)"
        _ = try handle.run("DECLARE \(name) NO SCROLL CURSOR FOR " + sql, values)
        openCursors += 1
        defer {
            openCursors -= 1
            _ = try? handle.run("CLOSE " + name)  // fails only in a transaction that has failed, and goes with it
        }
        while true {
            let rows = try handle.run("FETCH FORWARD \(Self.batch) FROM " + name)
            try rows.forEachRow(each)
            if rows.rowCount < Self.batch { return }
        }
    }
}
