/// One connection, inside one transaction, on one thread at a time: what every store function takes.
///
/// The caller of a store function owns the transaction, so functions of several features compose in one. Events appended here
/// get their place in the log at the end of the transaction (see `EventLog`).
package final class Connection {
    let driver: any Driver
    var pendingEvents: [PendingEvent] = []
    private var depth = 0

    init(driver: any Driver) { self.driver = driver }

    package var dialect: Dialect { driver.dialect }

    /// Runs one statement with `?` for each value; answers how many rows it changed.
    @discardableResult
    package func execute<each Value: SQLConvertible>(_ sql: String, _ values: repeat each Value) throws -> Int {
        var bound: [SQLValue] = []
        repeat bound.append((each values).sqlValue)
        return try driver.execute(sql, bound)
    }

    /// The same with values that were gathered at run time.
    @discardableResult
    package func execute(_ sql: String, values: [SQLValue]) throws -> Int { try driver.execute(sql, values) }

    /// All rows of a query.
    package func rows<each Value: SQLConvertible, Result>(
        _ sql: String, _ values: repeat each Value, as transform: (Row) throws -> Result
    ) throws -> [Result] {
        var bound: [SQLValue] = []
        repeat bound.append((each values).sqlValue)
        return try rows(sql, bound, as: transform)
    }

    /// All rows of a query whose values were gathered at run time.
    package func rows<Result>(_ sql: String, _ values: [SQLValue], as transform: (Row) throws -> Result) throws -> [Result] {
        var results: [Result] = []
        try driver.query(sql, values) { row in results.append(try transform(row)) }
        return results
    }

    /// Visits the rows of a query one by one, for answers too large to hold.
    package func forEachRow<each Value: SQLConvertible>(
        _ sql: String, _ values: repeat each Value, visit: (Row) throws -> Void
    ) throws {
        var bound: [SQLValue] = []
        repeat bound.append((each values).sqlValue)
        try driver.stream(sql, bound, visit)
    }

    /// The first row of a query, if there is one.
    package func row<each Value: SQLConvertible, Result>(
        _ sql: String, _ values: repeat each Value, as transform: (Row) throws -> Result
    ) throws -> Result? {
        var bound: [SQLValue] = []
        repeat bound.append((each values).sqlValue)
        var result: Result?
        try driver.query(sql, bound) { row in
            if result == nil { result = try transform(row) }
        }
        return result
    }

    /// Runs `body`; if it throws, what it changed and the events it appended are undone, and the transaction goes on.
    package func savepoint<Result>(_ body: () throws -> Result) throws -> Result {
        let name = "level\(depth)"
        let events = pendingEvents.count
        _ = try driver.execute("SAVEPOINT " + name, [])
        depth += 1
        defer { depth -= 1 }
        do {
            let result = try body()
            _ = try driver.execute("RELEASE SAVEPOINT " + name, [])
            return result
        } catch {
            pendingEvents.removeLast(pendingEvents.count - events)
            _ = try driver.execute("ROLLBACK TO SAVEPOINT " + name, [])
            _ = try driver.execute("RELEASE SAVEPOINT " + name, [])
            throw error
        }
    }
}

/// What a database engine gives one connection.
package protocol Driver: AnyObject {
    var dialect: Dialect { get }
    /// Nil where no two writes share a transaction.
    var memory: TransactionMemory? { get set }
    /// Answers the number of rows changed. `?` stands for each value in turn.
    func execute(_ sql: String, _ values: [SQLValue]) throws -> Int
    func query(_ sql: String, _ values: [SQLValue], _ each: (Row) throws -> Void) throws
    /// Like `query`, without ever holding the whole answer.
    func stream(_ sql: String, _ values: [SQLValue], _ each: (Row) throws -> Void) throws
}

extension Driver {
    package var memory: TransactionMemory? {
        get { nil }
        set {}
    }

    package func stream(_ sql: String, _ values: [SQLValue], _ each: (Row) throws -> Void) throws { try query(sql, values, each) }
}

/// The seam between the two engines' SQL: small on purpose. Queries are written once, for both.
package enum Dialect: Sendable {
    case sqlite
    case postgres

    /// Appended to a SELECT that takes a row's lock. SQLite has one writer and needs none.
    package var forUpdate: String {
        switch self {
        case .sqlite: ""
        case .postgres: " FOR UPDATE"
        }
    }

    /// Appended to a SELECT that keeps a row's key from being changed or locked `forUpdate`; others may hold it so at the same time.
    package var forKeyShare: String {
        switch self {
        case .sqlite: ""
        case .postgres: " FOR KEY SHARE"
        }
    }

    /// Table definitions are written in SQLite's words (`INTEGER` is 64 bits, `BLOB`, `WITHOUT ROWID`, `STRICT`). Text compares by
    /// its bytes, as in SQLite: an order by locale would differ between servers, and change under an index when the C library does.
    package func schema(_ sql: String) -> String {
        switch self {
        case .sqlite: sql
        case .postgres:
            sql.replacing(") STRICT, WITHOUT ROWID", with: ")").replacing(") STRICT", with: ")")
                .replacing(" INTEGER", with: " BIGINT").replacing(" BLOB", with: " BYTEA").replacing(" TEXT", with: " TEXT COLLATE \"C\"")
        }
    }
}
