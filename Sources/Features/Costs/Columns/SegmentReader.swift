import Kernel
import Prices
import Storage

/// The columns of one segment, read when they are asked for.
struct SegmentReader {
    enum Source {
        /// Part of an imported bill.
        case imported(CostSegment)
        /// A day of charges of our own.
        case own(ChargeRecords.Day, part: Int)
    }

    let source: Source
    let rows: Int
    let tenant: Tenant
    let cache: ColumnCache
    let connection: Connection

    var name: String {
        switch source {
        case .imported(let segment): segment.name
        case .own(let day, let part): "\(tenant.workspace)/\(tenant.mode.rawValue)/\(day.lastID)/\(day.count)/\(part)"
        }
    }

    func text(_ column: String) throws -> TextColumn {
        guard case .text(let found)? = try load(column, .text) else { return .null }
        return found
    }

    func time(_ column: String) throws -> TimeColumn {
        guard case .time(let found)? = try load(column, .time) else { return .null }
        return found
    }

    func decimal(_ column: String) throws -> DecimalColumn {
        guard case .decimal(let found)? = try load(column, .decimal) else { return .null(rows: rows) }
        return found
    }

    /// Nil for a column without any value.
    private func load(_ column: String, _ kind: FocusColumn.Kind) throws -> ColumnCache.Column? {
        let key = name + "/" + column
        if let found = cache.find(key) { return found }
        guard case .imported(let segment) = source else { return try loadOwn(column) }
        let decoded = try connection.row(
            "SELECT data FROM cost_cells WHERE workspace = ? AND mode = ? AND import = ? AND number = ? AND name = ?", tenant.workspace,
            tenant.mode, segment.importID, segment.number, column
        ) { row in try row.withBlob(0) { try Self.decode($0, kind) } }
        guard let decoded else { return nil }
        cache.keep(decoded, as: key)
        return decoded
    }

    /// All columns of the charges at once: they come out of the same rows.
    private func loadOwn(_ column: String) throws -> ColumnCache.Column? {
        guard case .own(let day, let part) = source, ChargeRecords.columns.contains(column),
            let sealed = try OwnCharges.columns(day, part: part, in: tenant, connection)
        else { return nil }
        var found: ColumnCache.Column?
        for name in ChargeRecords.columns {
            guard let bytes = sealed.columns.first(where: { $0.name == name })?.bytes else { continue }
            let decoded = try bytes.withUnsafeBytes { try Self.decode($0, FocusColumn.kind(of: name)) }
            cache.keep(decoded, as: self.name + "/" + name)
            if name == column { found = decoded }
        }
        return found
    }

    static func decode(_ bytes: UnsafeRawBufferPointer, _ kind: FocusColumn.Kind) throws -> ColumnCache.Column {
        switch kind {
        case .text: .text(try ColumnCoding.text(bytes))
        case .time: .time(try ColumnCoding.time(bytes))
        case .decimal: .decimal(try ColumnCoding.decimal(bytes))
        }
    }

    /// A column made of others of the same segment, made once.
    func derived(_ name: String, _ make: () throws -> TextColumn) throws -> TextColumn {
        let key = self.name + "/~" + name
        if case .text(let found)? = cache.find(key) { return found }
        let made = try make()
        cache.keep(.text(made), as: key)
        return made
    }
}
