package import Kernel
package import Storage

/// Closed charges as rows of FOCUS, for who puts them beside other bills.
package enum ChargeRecords {
    package enum Cell: Sendable {
        case text(String?)
        case decimal(ExactDecimal)
        case time(Timestamp)
    }

    /// FOCUS's names, in the order of a row's cells.
    package static let columns = FocusRow.columns.map(\.name)

    /// A UTC day of charges. Charges never change, so days that are equal hold the same rows.
    package struct Day: Sendable, Hashable {
        package let start: Timestamp
        package let count: Int
        package let lastID: String
    }

    /// The days with charges whose hour begins in the span, in order.
    package static func days(in tenant: Tenant, from: Timestamp, to: Timestamp, _ connection: Connection) throws -> [Day] {
        try connection.rows(
            """
            SELECT substr(id, 1, 10), COUNT(*), MAX(id) FROM charges WHERE workspace = ? AND mode = ? AND id >= ? AND id < ?
            GROUP BY substr(id, 1, 10) ORDER BY 1
            """, tenant.workspace, tenant.mode, String(from.description.prefix(10)), String(to.adding(days: 1).description.prefix(10))
        ) { row in
            Day(start: Timestamp(row.text(0) + "T00:00:00Z") ?? .first, count: row.integer(1), lastID: row.text(2))
        }
    }

    package static func forEach(
        on day: Timestamp, in tenant: Tenant, _ connection: Connection, visit: ([Cell]) throws -> Void
    ) throws {
        var filter = Charge.Filter()
        filter.from = day
        filter.to = day.adding(days: 1)
        try Charge.forEach(filter, in: tenant, connection) { row in
            try visit(FocusRow.columns.map { $0.value(row).cell })
        }
    }

    /// The id of the last; nil without any.
    package static func last(in tenant: Tenant, _ connection: Connection) throws -> String? {
        try connection.row("SELECT MAX(id) FROM charges WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode) { row in
            try row.get(0, as: String?.self)
        }.flatMap(\.self)
    }

    /// When the last closed hour ends; nil without any.
    package static func end(in tenant: Tenant, _ connection: Connection) throws -> Timestamp? {
        try last(in: tenant, connection).flatMap { Timestamp($0.prefix(13) + ":00:00Z") }?.adding(seconds: 3600)
    }
}

extension FocusRow.Value {
    fileprivate var cell: ChargeRecords.Cell {
        switch self {
        case .text(let text): .text(text)
        case .decimal(let value): .decimal(value)
        case .time(let time): .time(time)
        case .tags(let text): .text(text == "{}" ? nil : text)
        }
    }
}
