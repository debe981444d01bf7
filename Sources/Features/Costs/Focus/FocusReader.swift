import Kernel

/// Reads a bill row by row into segments, one builder for each account and period that stands in it.
///
/// Rows of one bill that follow each other are taken in column by column, a few at a time: a column's texts are then near when they are
/// looked for. When something in them is wrong they are taken back, and row by row it shows where.
///
/// Memory is bounded whatever the file holds: a builder is sealed when it is full, and the fullest when too many rows wait.
final class FocusReader {
    private static let waitingLimit = 3 * SegmentBuilder.rowLimit
    private static let runLimit = 64
    static let failureLimit = 100

    private let reader: CSVReader
    private let header: FocusHeader
    private let skipsBadRows: Bool
    private let refused: [FocusCheck]
    private var builders: [BillKey: SegmentBuilder] = [:]
    private var current: (key: BillKey, builder: SegmentBuilder, text: [UInt8])?
    private var waiting = 0
    /// The next of the reader's records, and how many of them from there are taken in one by one.
    private var place: Int
    private var alone = 0
    private(set) var rows = 0
    private(set) var skipped = 0
    /// The first rows that were skipped.
    private(set) var failures: [FocusFailure] = []
    private(set) var warnings = FocusWarnings()

    init(path: String, skipsBadRows: Bool) throws(FocusFailure) {
        reader = try CSVReader(ByteSource(path: path))
        header = try FocusHeader(reader)
        place = reader.records.count
        self.skipsBadRows = skipsBadRows
        refused = header.columns.map { FocusCheck($0.name) }
    }

    var bytesTaken: Int { reader.bytesTaken }

    /// Reads on until a segment is full; nil when all is read. Throws at the first bad row unless they are skipped.
    func next() throws(FocusFailure) -> SealedSegment? {
        while try hasRecords() {
            let count = runLength()
            do throws(FocusFailure) {
                try readRows(count)
                place += count
            } catch {
                guard count == 1 else {
                    alone = count
                    continue
                }
                place += 1
                guard skipsBadRows, error.isOfOneRow else { throw error }
                skipped += 1
                if failures.count < Self.failureLimit { failures.append(error) }
            }
            alone = max(0, alone - count)
            if let full = takeFull() { return full }
        }
        current = nil
        while let (key, builder) = builders.popFirst() {
            if let sealed = seal(key, builder) { return sealed }
        }
        return nil
    }

    private func hasRecords() throws(FocusFailure) -> Bool {
        if place < reader.records.count { return true }
        place = 0
        return try reader.next(atMost: Self.runLimit)
    }

    /// How many of the next records belong to the bill of the one before; one at least.
    private func runLength() -> Int {
        guard alone == 0, let current else { return 1 }
        let records = reader.records
        let last = min(records.count, place + current.builder.room)
        var end = place
        reader.withBytes { bytes in
            while end < last, records[end].fields.count == header.columns.count, matches(current.text, records[end], bytes) { end += 1 }
        }
        return max(1, end - place)
    }

    private func takeFull() -> SealedSegment? {
        if let current, current.builder.isFull { return take(current.key) }
        guard waiting > Self.waitingLimit, let fullest = builders.max(by: { $0.value.rows < $1.value.rows }) else { return nil }
        return take(fullest.key)
    }

    private func take(_ key: BillKey) -> SealedSegment? {
        guard let builder = builders.removeValue(forKey: key) else { return nil }
        if current?.key == key { current = nil }
        return seal(key, builder)
    }

    private func seal(_ key: BillKey, _ builder: SegmentBuilder) -> SealedSegment? {
        waiting -= builder.rows
        warnings.look(at: builder)
        return builder.seal(key)
    }

    /// The next `count` records, of which all but the first are known to belong to its bill. Takes back all of them when it throws.
    private func readRows(_ count: Int) throws(FocusFailure) {
        let records = reader.records[place..<(place + count)]
        let first = reader.records[place]
        guard first.fields.count == header.columns.count else {
            throw FocusFailure(line: first.line, "The row has \(first.fields.count) columns, the header \(header.columns.count).")
        }
        try reader.withBytes { (bytes) throws(FocusFailure) in
            let builder = try builder(of: first, bytes)
            builder.begin(count)
            do throws(FocusFailure) {
                for column in header.columns.indices { try append(column, of: records, bytes, to: builder.columns[column]) }
                try finish(records, in: builder)
            } catch {
                builder.takeBack(count)
                throw error
            }
        }
        rows += count
        waiting += count
    }

    private func append(
        _ index: Int, of records: ArraySlice<CSVReader.Record>, _ bytes: UnsafeBufferPointer<UInt8>, to column: SegmentBuilder.Column
    ) throws(FocusFailure) {
        let fields = reader.fields
        let check = refused[index]
        var scratch: [UInt8] = []
        for record in records {
            let field = fields[record.fields.lowerBound + index]
            if field.isNull(bytes) {
                guard !check.refusesNull else {
                    throw FocusFailure(line: record.line, column: header.columns[index].name, "A value is missing.")
                }
                column.appendNull()
                continue
            }
            let complaint: String? =
                switch column {
                case .decimal(let builder):
                    field.withValue(bytes, &scratch) { builder.append($0) ? nil : Self.complaint("is no decimal number", $0) }
                case .time(let builder):
                    field.withValue(bytes, &scratch) {
                        builder.append($0) ? nil : Self.complaint("is no time such as 2026-05-01T00:00:00Z", $0)
                    }
                case .text(let builder):
                    field.withValue(bytes, &scratch) { text in
                        do throws(FocusCheck.Complaint) {
                            try builder.append(text) { (new) throws(FocusCheck.Complaint) in try check.check(new) }
                            return nil
                        } catch {
                            return Self.complaint(error.text, text)
                        }
                    }
                }
            if let complaint { throw FocusFailure(line: record.line, column: header.columns[index].name, complaint) }
        }
    }

    private static func complaint(_ text: String, _ value: UnsafeBufferPointer<UInt8>) -> String {
        "\"\(String(decoding: value.prefix(80), as: UTF8.self))\" \(text)."
    }

    /// The rows are whole when their charges end after they begin.
    private func finish(_ records: ArraySlice<CSVReader.Record>, in builder: SegmentBuilder) throws(FocusFailure) {
        guard case .time(let starts) = builder.columns[header.chargeStart], case .time(let ends) = builder.columns[header.chargeEnd] else {
            return
        }
        var charges: [(from: Timestamp, to: Timestamp)] = []
        for (number, record) in records.enumerated() {
            // Both refuse null.
            guard let start = starts.time(builder.rows + number), let end = ends.time(builder.rows + number), start <= end else {
                throw FocusFailure(line: record.line, column: "ChargePeriodEnd", "The charge period ends before it begins.")
            }
            charges.append((start, end))
        }
        for charge in charges { builder.end(charge: charge) }
    }

    /// Where it is said what bill a row belongs to.
    private func places(of record: CSVReader.Record) -> [CSVReader.Field] {
        [header.provider, header.account, header.period].map { reader.fields[record.fields.lowerBound + $0] }
    }

    /// The builder of the row's bill; rows mostly come bill by bill.
    private func builder(of record: CSVReader.Record, _ bytes: UnsafeBufferPointer<UInt8>) throws(FocusFailure) -> SegmentBuilder {
        if let current, matches(current.text, record, bytes) { return current.builder }
        let places = places(of: record)
        var scratch: [UInt8] = []
        let texts = places.map { field in
            field.isNull(bytes) ? "" : field.withValue(bytes, &scratch) { String(decoding: $0, as: UTF8.self) }
        }
        guard let period = FocusTime.parse(texts[2]) else {
            let reason = texts[2].isEmpty ? "A value is missing." : "\"\(texts[2].prefix(80))\" is no time such as 2026-05-01T00:00:00Z."
            throw FocusFailure(line: record.line, column: "BillingPeriodStart", reason)
        }
        let key = BillKey(provider: texts[0], billingAccount: texts[1], period: period)
        let builder = builders[key] ?? SegmentBuilder(header.columns)
        builders[key] = builder
        current = (key, builder, Array(places.map { bytes[$0.start..<$0.end] }.joined(separator: [0])))
        return builder
    }

    private func matches(_ text: [UInt8], _ record: CSVReader.Record, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        for (number, column) in [header.provider, header.account, header.period].enumerated() {
            let field = reader.fields[record.fields.lowerBound + column]
            if number > 0 {
                guard index < text.count, text[index] == 0 else { return false }
                index += 1
            }
            let count = field.end - field.start
            guard text.count - index >= count, text[index..<(index + count)].elementsEqual(bytes[field.start..<field.end]) else {
                return false
            }
            index += count
        }
        return index == text.count
    }
}
