// Every index begins with workspace and mode, and so does every primary key. Without statistics SQLite takes each column of an index for
// selective, and then a walk over all rows of a tenant by primary key looks as good as an index with one column more: "the operations of
// this resource" read all operations there are (measured: admissions fell to a third after 10,000). `ANALYZE` on an empty database says
// nothing, and on a small one the wrong thing. So the planner is told what is true of every installation that matters: one tenant can be
// the whole database, and whatever comes after workspace and mode narrows it down.

/// What SQLite's planner is told about the indexes, in the form of its own `sqlite_stat1` (sqlite.org/fileformat2.html, 2.6.3).
enum PlannerStatistics {
    private static let rows = 1_000_000

    /// Replaces what the planner knows. To be called after the schema changed.
    static func write(_ connection: Connection) throws {
        try connection.execute("ANALYZE")
        try connection.execute("DELETE FROM sqlite_stat1")
        for index in try indexes(connection) {
            try connection.execute("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", index.table, index.name, index.statistics)
        }
        try connection.execute("ANALYZE sqlite_schema")
    }

    private struct Index {
        let table: String
        /// A table without rowid is its own primary key.
        let name: String
        let isUnique: Bool
        let columns: [String]

        /// How many rows share the values of the first column, of the first two, and so on.
        var statistics: String {
            var shared = rows
            var numbers = [rows]
            for (place, column) in columns.enumerated() {
                switch column {
                case "workspace": break
                case "mode": shared = rows / 2
                default: shared = shared > 1000 ? 1000 : max(2, shared / 10)
                }
                numbers.append(place == columns.count - 1 && isUnique ? 1 : shared)
            }
            return numbers.map(String.init).joined(separator: " ")
        }
    }

    private static func indexes(_ connection: Connection) throws -> [Index] {
        let found = try connection.rows(
            """
            SELECT t.name, t.wr, i.name, i."unique", i.origin FROM pragma_table_list t JOIN pragma_index_list(t.name) i \
            WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, i.name
            """
        ) { row in
            (table: row.text(0), hasNoRowID: row.integer(1) != 0, name: row.text(2), isUnique: row.integer(3) != 0, origin: row.text(4))
        }
        return try found.map { index in
            Index(
                table: index.table, name: index.hasNoRowID && index.origin == "pk" ? index.table : index.name, isUnique: index.isUnique,
                columns: try connection.rows("SELECT name FROM pragma_index_info(?) ORDER BY seqno", index.name) { $0.text(0) })
        }
    }
}
