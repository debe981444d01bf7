import Kernel

/// Reads a bill row by row into segments, one builder for each account and period that stands in it.
///
/// Memory is bounded whatever the file holds: a builder is sealed when it is full, and the fullest when too many rows wait.
final class FocusReader {
    private static let waitingLimit = 3 * SegmentBuilder.rowLimit
    static let failureLimit = 100

    private let reader: CSVReader
    private let header: FocusHeader
    private let skipsBadRows: Bool
    private let refused: [FocusCheck]
    private var builders: [BillKey: SegmentBuilder] = [:]
    private var current: (key: BillKey, builder: SegmentBuilder, text: [UInt8])?
    private var waiting = 0
    private var scratch: [UInt8] = []
    private(set) var rows = 0
    private(set) var skipped = 0
    /// The first rows that were skipped.
    private(set) var failures: [FocusFailure] = []
    private(set) var warnings = FocusWarnings()

    init(path: String, skipsBadRows: Bool) throws(FocusFailure) {
        reader = try CSVReader(ByteSource(path: path))
        header = try FocusHeader(reader)
        self.skipsBadRows = skipsBadRows
        refused = header.columns.map { FocusCheck($0.name) }
    }

    var bytesTaken: Int { reader.bytesTaken }

    /// Reads on until a segment is full; nil when all is read. Throws at the first bad row unless they are skipped.
    func next() throws(FocusFailure) -> SealedSegment? {
        while try reader.next() {
            do throws(FocusFailure) {
                try readRow()
            } catch {
                guard skipsBadRows, error.isOfOneRow else { throw error }
                skipped += 1
                if failures.count < Self.failureLimit { failures.append(error) }
            }
            if let full = takeFull() { return full }
        }
        current = nil
        while let (key, builder) = builders.popFirst() {
            if let sealed = seal(key, builder) { return sealed }
        }
        return nil
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

    private func readRow() throws(FocusFailure) {
        let (fields, line) = (reader.fields, reader.line)
        guard fields.count == header.columns.count else {
            throw FocusFailure(line: line, "The row has \(fields.count) columns, the header \(header.columns.count).")
        }
        try reader.withBytes { (bytes) throws(FocusFailure) in
            let builder = try builder(fields, bytes, line)
            builder.begin()
            var done = 0
            do throws(FocusFailure) {
                while done < fields.count {
                    try append(fields[done], bytes, to: builder.columns[done], done, line)
                    done += 1
                }
                try finish(builder, line)
            } catch {
                builder.takeBack(cells: done)
                throw error
            }
        }
        rows += 1
        waiting += 1
    }

    private func append(
        _ field: CSVReader.Field, _ bytes: UnsafeBufferPointer<UInt8>, to column: SegmentBuilder.Column, _ index: Int, _ line: Int
    ) throws(FocusFailure) {
        if field.isNull(bytes) {
            guard !refused[index].refusesNull else {
                throw FocusFailure(line: line, column: header.columns[index].name, "A value is missing.")
            }
            return column.appendNull()
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
                        try builder.append(text) { (new) throws(FocusCheck.Complaint) in try refused[index].check(new) }
                        return nil
                    } catch {
                        return Self.complaint(error.text, text)
                    }
                }
            }
        if let complaint { throw FocusFailure(line: line, column: header.columns[index].name, complaint) }
    }

    private static func complaint(_ text: String, _ value: UnsafeBufferPointer<UInt8>) -> String {
        "\"\(String(decoding: value.prefix(80), as: UTF8.self))\" \(text)."
    }

    private func finish(_ builder: SegmentBuilder, _ line: Int) throws(FocusFailure) {
        guard case .time(let starts) = builder.columns[header.chargeStart], case .time(let ends) = builder.columns[header.chargeEnd],
            let start = starts.time(builder.rows), let end = ends.time(builder.rows)
        else { return }  // both refuse null
        guard start <= end else { throw FocusFailure(line: line, column: "ChargePeriodEnd", "The charge period ends before it begins.") }
        builder.end(charge: (start, end))
    }

    /// The builder of the row's bill; rows mostly come bill by bill.
    private func builder(_ fields: [CSVReader.Field], _ bytes: UnsafeBufferPointer<UInt8>, _ line: Int) throws(FocusFailure)
        -> SegmentBuilder
    {
        let places = [fields[header.provider], fields[header.account], fields[header.period]]
        if let current, current.builder.rows >= 0, matches(current.text, places, bytes) { return current.builder }
        let texts = places.map { field in
            field.isNull(bytes) ? "" : field.withValue(bytes, &scratch) { String(decoding: $0, as: UTF8.self) }
        }
        guard let period = FocusTime.parse(texts[2]) else {
            let reason = texts[2].isEmpty ? "A value is missing." : "\"\(texts[2].prefix(80))\" is no time such as 2026-05-01T00:00:00Z."
            throw FocusFailure(line: line, column: "BillingPeriodStart", reason)
        }
        let key = BillKey(provider: texts[0], billingAccount: texts[1], period: period)
        let builder = builders[key] ?? SegmentBuilder(header.columns)
        builders[key] = builder
        current = (key, builder, Array(places.map { bytes[$0.start..<$0.end] }.joined(separator: [0])))
        return builder
    }

    private func matches(_ text: [UInt8], _ places: [CSVReader.Field], _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        for (number, field) in places.enumerated() {
            if number > 0 {
                guard index < text.count, text[index] == 0 else { return false }
                index += 1
            }
            guard text.count - index >= field.end - field.start else { return false }
            for place in field.start..<field.end {
                guard text[index] == bytes[place] else { return false }
                index += 1
            }
        }
        return index == text.count
    }
}
