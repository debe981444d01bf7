package import Kernel
package import Storage

/// The cost rows of a span as CSV of FOCUS 1.2, written while they are read: a segment at a time.
package struct CostExport: Sendable {
    private let from: Timestamp
    private let to: Timestamp
    private let tenant: Tenant
    private let visible: [RowFilter]
    private let cache: ColumnCache
    /// All of FOCUS's columns, then those of the bills that it does not know.
    package let columns: [String]

    /// Charges whose period begins at `from` or later and before `to`.
    package init(
        from: Timestamp, to: Timestamp, in tenant: Tenant, visible: [RowFilter], _ cache: ColumnCache, _ connection: Connection
    ) throws {
        (self.from, self.to, self.tenant, self.visible, self.cache) = (from, to, tenant, visible, cache)
        let own = try connection.rows(
            """
            SELECT DISTINCT c.name FROM cost_cells c JOIN cost_segments s
                ON s.workspace = c.workspace AND s.mode = c.mode AND s.import = c.import AND s.number = c.number
            WHERE s.workspace = ? AND s.mode = ? AND s.is_live = 1 AND s.last_charge >= ? AND s.first_charge < ? ORDER BY 1
            """, tenant.workspace, tenant.mode, from, to
        ) { $0.text(0) }
        columns = FocusColumn.all.map(\.name) + own.filter { FocusColumn.named[$0] == nil }
    }

    package var header: [UInt8] { Array((columns.map(Self.quoted).joined(separator: ",") + "\r\n").utf8) }

    /// How many parts there are.
    package func parts(_ connection: Connection) throws -> Int { try segments(connection).count }

    private func segments(_ connection: Connection) throws -> [SegmentReader] {
        try CostQuery.segments(from: from, to: to, in: tenant, cache, connection)
    }

    /// The lines of a part; none when it is gone.
    package func lines(part: Int, _ connection: Connection) throws -> [UInt8] {
        let all = try segments(connection)
        guard part < all.count else { return [] }
        let segment = all[part]
        let whole = Bucket(from: from, to: to, local: from)
        guard let places = try RowBuckets(segment, [whole]) else { return [] }
        var selected = places.inside
        for filter in visible {
            guard let mask = try filter.mask(segment) else { continue }
            for row in selected.indices where selected[row] { selected[row] = mask[row] }
        }
        let cells = try columns.map { try Self.cells($0, segment) }
        var bytes: [UInt8] = []
        for row in selected.indices where selected[row] {
            for (index, cell) in cells.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes.append(contentsOf: cell(row).utf8)
            }
            bytes.append(contentsOf: "\r\n".utf8)
        }
        return bytes
    }

    private static func cells(_ name: String, _ segment: SegmentReader) throws -> (Int) -> String {
        switch FocusColumn.kind(of: name) {
        case .text:
            let column = try segment.text(name)
            let texts = column.map { $0.map(quoted) ?? "" }
            return { texts[column.code($0)] }
        case .time:
            let column = try segment.time(name)
            let texts = (0..<column.cardinality).map { column.time($0)?.description ?? "" }
            return { texts[column.code($0)] }
        case .decimal:
            let column = try segment.decimal(name)
            return { column.isNull($0) ? "" : column[$0].description }
        }
    }

    /// Bytes, since a carriage return and a line feed are one character. The bare word NULL would read as no value.
    private static func quoted(_ text: String) -> String {
        let marks: Set<UInt8> = [UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\r"), UInt8(ascii: "\n")]
        guard text.utf8.contains(where: marks.contains) || text.lowercased() == "null" else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
