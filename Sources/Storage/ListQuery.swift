package import Kernel

/// Builds the query of one page: tenant and filters first, keyset or offset, one row more than asked for to know whether there is more.
///
/// Table, columns and conditions come from our own code; only values come from callers, and those are bound.
package struct ListQuery: Sendable {
    private let selection: String
    private let sortable: [String: Column]
    private let defaultSort: PageRequest.Sort
    private var conditions: [String] = []
    private var values: [SQLValue] = []

    /// How the values of a sortable column compare.
    package enum Column: Sendable {
        case text(String)
        case integer(String)
        /// The order of making: ids sort by time, and they are the key already, so nothing has to be sorted.
        case id

        var name: String {
            switch self {
            case .text(let name), .integer(let name): name
            case .id: "id"
            }
        }
    }

    /// `selection` is `SELECT … FROM …`; the table has a column `id`, which breaks ties.
    package init(_ selection: String, sortable: [String: Column], defaultSort: PageRequest.Sort) {
        self.selection = selection
        self.sortable = sortable
        self.defaultSort = defaultSort
    }

    package mutating func filter<each Value: SQLConvertible>(_ condition: String, _ values: repeat each Value) {
        conditions.append(condition)
        repeat self.values.append((each values).sqlValue)
    }

    /// The same for values gathered at run time.
    package mutating func filter(_ condition: String, values: [SQLValue]) {
        conditions.append(condition)
        self.values.append(contentsOf: values)
    }

    /// Keeps the rows whose column is one of the values, or, where that is asked for, null; none when there are none.
    package mutating func filter(_ column: String, isOneOf values: [some SQLConvertible], orNull: Bool = false) {
        let places = Array(repeating: "?", count: values.count).joined(separator: ", ")
        var choices = values.isEmpty ? [] : ["\(column) IN (\(places))"]
        if orNull { choices.append("\(column) IS NULL") }
        conditions.append(choices.isEmpty ? "1 = 0" : "(\(choices.joined(separator: " OR ")))")
        self.values.append(contentsOf: values.map(\.sqlValue))
    }

    /// Runs it. `place` tells where a row stands in the chosen order: its sort value as text, and its id.
    package func page<Item>(
        _ request: PageRequest, _ connection: Connection, place: (Item, _ sort: String) -> PageRequest.Place,
        as transform: (Row) throws -> Item
    ) throws -> Page<Item> {
        let (sql, values, sort) = try statement(request)
        var items = try connection.rows(sql, values, as: transform)
        guard items.count > request.limit else { return Page(items: items, next: nil) }
        items.removeLast()
        return Page(items: items, next: items.last.map { place($0, sort) })
    }

    /// Runs it and writes each row as JSON where it stands, with no value of it in between: a third of what a list of 25 cost (measured).
    /// The rows become the first member of an object, called `name`.
    package func writtenPage(
        _ request: PageRequest, as name: StaticString, _ connection: Connection, place: (Row, _ sort: String) -> PageRequest.Place,
        write: (Row, inout JSONWriter) -> Void
    ) throws -> WrittenPage {
        let (sql, values, sort) = try statement(request)
        var json = JSONWriter(capacity: 192 * (request.limit + 2))
        json.beginObject(withArray: name)
        var count = 0
        var last: PageRequest.Place?
        try connection.driver.query(sql, values) { row in
            count += 1
            if count <= request.limit { write(row, &json) }
            if count == request.limit { last = place(row, sort) }
        }
        json.endArray()
        return WrittenPage(json: json, next: count > request.limit ? last : nil)
    }

    private func statement(_ request: PageRequest) throws -> (sql: String, values: [SQLValue], sort: String) {
        let sort = request.sort ?? defaultSort
        guard let column = sortable[sort.field] else { throw Problem(.invalidParameter, "This list cannot be sorted by \(sort.field).") }
        var conditions = conditions
        var values = values
        var offset = 0
        switch request.position {
        case .after(let place?) where column.isID:
            conditions.append("id \(sort.descending ? "<" : ">") ?")
            values.append(.text(place.id))
        case .after(let place?):
            conditions.append("(\(column.name), id) \(sort.descending ? "<" : ">") (?, ?)")
            values.append(try column.value(place.value))
            values.append(.text(place.id))
        case .after(nil): break
        case .page(let number): offset = (number - 1) * request.limit
        }
        let direction = sort.descending ? "DESC" : "ASC"
        var sql = selection
        sql.reserveCapacity(256)
        for (index, condition) in conditions.enumerated() {
            sql += index == 0 ? " WHERE " : " AND "
            sql += condition
        }
        sql += " ORDER BY "
        if !column.isID { sql += "\(column.name) \(direction), " }
        sql += "id "
        sql += direction
        sql += offset > 0 ? " LIMIT ? OFFSET ?" : " LIMIT ?"
        values.append(.integer(Int64(request.limit + 1)))
        if offset > 0 { values.append(.integer(Int64(offset))) }
        return (sql, values, sort.field)
    }
}

/// A part of a list that is written already.
package struct WrittenPage: Sendable {
    /// An object with the entries as its first member; others may follow, it is not ended.
    package var json: JSONWriter
    package let next: PageRequest.Place?

    package init(json: JSONWriter, next: PageRequest.Place?) {
        self.json = json
        self.next = next
    }
}

extension ListQuery.Column {
    fileprivate var isID: Bool {
        if case .id = self { true } else { false }
    }

    fileprivate func value(_ text: String) throws -> SQLValue {
        switch self {
        case .text, .id: return .text(text)
        case .integer:
            guard let number = Int64(text) else { throw Problem(.invalidCursor, "The cursor does not fit this list.") }
            return .integer(number)
        }
    }
}
