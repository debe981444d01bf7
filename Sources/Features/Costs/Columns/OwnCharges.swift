import Kernel
import Prices
import Storage

/// Our own charges as segments, a day each: made from their rows when they are first asked for, and kept in the cache alone.
enum OwnCharges {
    static func segments(
        from: Timestamp, to: Timestamp, in tenant: Tenant, _ cache: ColumnCache, _ connection: Connection
    ) throws -> [SegmentReader] {
        try ChargeRecords.days(in: tenant, from: from, to: to, connection).flatMap { day in
            let parts = (day.count + SegmentBuilder.rowLimit - 1) / SegmentBuilder.rowLimit
            return (0..<parts).map { part in
                let rows = min(SegmentBuilder.rowLimit, day.count - part * SegmentBuilder.rowLimit)
                return SegmentReader(source: .own(day, part: part), rows: rows, tenant: tenant, cache: cache, connection: connection)
            }
        }
    }

    /// The columns of a part of a day.
    static func columns(_ day: ChargeRecords.Day, part: Int, in tenant: Tenant, _ connection: Connection) throws -> SealedSegment? {
        let builder = SegmentBuilder(ChargeRecords.columns.map { ($0, FocusColumn.kind(of: $0)) })
        var row = 0
        let wanted = part * SegmentBuilder.rowLimit..<(part + 1) * SegmentBuilder.rowLimit
        try ChargeRecords.forEach(on: day.start, in: tenant, connection) { cells in
            defer { row += 1 }
            guard wanted.contains(row) else { return }
            builder.begin()
            for (cell, column) in zip(cells, builder.columns) { column.append(cell) }
            builder.end(charge: (day.start, day.start))
        }
        return builder.seal(BillKey(provider: "", billingAccount: "", period: day.start))
    }
}

extension SegmentBuilder.Column {
    fileprivate func append(_ cell: ChargeRecords.Cell) {
        switch (self, cell) {
        case (.text(let builder), .text(let text?)): builder.append(text)
        case (.decimal(let builder), .decimal(let value)): builder.append(value)
        case (.time(let builder), .time(let time)): builder.append(time)
        default: appendNull()
        }
    }
}
