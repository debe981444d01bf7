import Kernel

/// What a bill restates as a whole: one billing period of one account at one provider.
struct BillKey: Sendable, Hashable {
    let provider: String
    let billingAccount: String
    let period: Timestamp
}

/// Rows of one bill, a bounded number of them, column by column: the unit that is stored, read and cached.
struct SealedSegment: Sendable {
    let key: BillKey
    let rows: Int
    /// The earliest begin and the latest end of a charge period.
    let firstCharge: Timestamp
    let lastCharge: Timestamp
    /// Columns that have a value in some row, as they are stored.
    let columns: [(name: String, kind: FocusColumn.Kind, bytes: [UInt8])]
}

/// Gathers the rows of a segment.
final class SegmentBuilder {
    /// Codes have 16 bits, and a query reads a column of a segment as a whole.
    static let rowLimit = 32_768

    enum Column {
        case text(TextBuilder)
        case decimal(DecimalBuilder)
        case time(TimeBuilder)

        init(_ kind: FocusColumn.Kind) {
            switch kind {
            case .text: self = .text(TextBuilder())
            case .decimal: self = .decimal(DecimalBuilder())
            case .time: self = .time(TimeBuilder())
            }
        }

        func appendNull() {
            switch self {
            case .text(let builder): builder.appendNull()
            case .decimal(let builder): builder.appendNull()
            case .time(let builder): builder.appendNull()
            }
        }

        /// Takes back what stands behind the first `rows`.
        func takeBack(to rows: Int) {
            switch self {
            case .text(let builder): while builder.rows > rows { builder.removeLast() }
            case .decimal(let builder): while builder.rows > rows { builder.removeLast() }
            case .time(let builder): while builder.rows > rows { builder.removeLast() }
            }
        }

        var size: Int { if case .text(let builder) = self { builder.size } else { 0 } }
    }

    let names: [String]
    let columns: [Column]
    private(set) var rows = 0
    /// Rows that were begun, those taken back included: they may have left texts behind.
    private(set) var attempts = 0
    private var first: Timestamp?
    private var last: Timestamp?

    init(_ columns: [(name: String, kind: FocusColumn.Kind)]) {
        names = columns.map(\.name)
        self.columns = columns.map { Column($0.kind) }
    }

    /// Looked at from time to time.
    private var isHeavy = false

    var isFull: Bool { room == 0 || isHeavy }
    /// Rows that may still be begun.
    var room: Int { max(0, Self.rowLimit - attempts) }
    private var size: Int { columns.reduce(0) { $0 + $1.size } + rows * 18 * columns.count / 4 }

    func begin(_ count: Int = 1) {
        if attempts / 1024 != (attempts + count) / 1024 { isHeavy = size > 32 << 20 }
        attempts += count
    }

    /// A row is whole.
    func end(charge: (from: Timestamp, to: Timestamp)) {
        rows += 1
        first = min(first ?? charge.from, charge.from)
        last = max(last ?? charge.to, charge.to)
    }

    /// Takes back the cells of `count` rows that were begun and are not whole. Of several each is begun once more by itself.
    func takeBack(_ count: Int) {
        for column in columns { column.takeBack(to: rows) }
        if count > 1 { attempts -= count }
    }

    /// Nil without rows.
    func seal(_ key: BillKey) -> SealedSegment? {
        guard rows > 0, let first, let last else { return nil }
        var sealed: [(name: String, kind: FocusColumn.Kind, bytes: [UInt8])] = []
        for (name, column) in zip(names, columns) {
            switch column {
            case .text(let builder):
                let column = builder.column
                if !column.isNull { sealed.append((name, .text, ColumnCoding.bytes(of: column))) }
            case .decimal(let builder):
                if let column = builder.column { sealed.append((name, .decimal, ColumnCoding.bytes(of: column))) }
            case .time(let builder):
                let column = builder.column
                if !column.moments.isEmpty { sealed.append((name, .time, ColumnCoding.bytes(of: column))) }
            }
        }
        return SealedSegment(key: key, rows: rows, firstCharge: first, lastCharge: last, columns: sealed)
    }
}
