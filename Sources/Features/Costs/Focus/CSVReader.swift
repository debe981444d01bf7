/// Reads CSV (RFC 4180) record by record from a file of any size, holding one part of it. Lines may end in LF, CRLF or CR.
final class CSVReader {
    struct Field {
        var start: Int
        var end: Int
        var isQuoted = false
        /// Doubled quotes stand in it.
        var hasEscapes = false
    }

    /// A row of the file, which may run over several lines.
    struct Record {
        /// Where it begins.
        let line: Int
        /// Its places in `fields`.
        let fields: Range<Int>
    }

    /// More than any row of a bill; a quote that is never closed must not fill the memory.
    private static let longestRecord = 4 << 20

    private let source: ByteSource
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false
    private var nextLine = 1
    private(set) var records: [Record] = []
    /// Of all records that were read last, one behind the other.
    private(set) var fields: [Field] = []

    init(_ source: ByteSource) throws(FocusFailure) {
        self.source = source
        while buffer.count < 3, try fill() {}
        if buffer.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    var bytesTaken: Int { source.taken }

    /// Reads the next records that are not empty lines: at least one, and more of those that lie in memory already; false at the end.
    func next(atMost limit: Int) throws(FocusFailure) -> Bool {
        records.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
        while records.count < limit, try readRecord() {}
        return !records.isEmpty
    }

    /// Lends the bytes of all fields; fields are places in them.
    func withBytes<Result, Failure: Error>(_ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result) throws(Failure) -> Result {
        try buffer.withUnsafeBufferPointer { (bytes) throws(Failure) in try body(bytes) }
    }

    private func fill() throws(FocusFailure) -> Bool {
        if position > 0 {
            buffer.removeSubrange(0..<position)
            position = 0
        }
        let more = try source.read(into: &buffer)
        if !more { isAtEnd = true }
        return more
    }

    private enum Scan {
        case record(end: Int, lines: Int)
        case incomplete
        /// Behind the closing quote of the last field.
        case strayText
    }

    /// False where it would need bytes that are not there: at the end, and behind other records, whose bytes must stay where they are.
    private func readRecord() throws(FocusFailure) -> Bool {
        while true {
            if position == buffer.count {
                guard records.isEmpty, try fill() else { return false }
                continue
            }
            let begin = fields.count
            let isLast = isAtEnd
            let found = buffer.withUnsafeBufferPointer { scan($0, isLast: isLast) }
            if case .record(let end, let lines) = found {
                let line = nextLine
                position = end
                nextLine += lines
                let isEmptyLine = fields.count == begin + 1 && fields[begin].start == fields[begin].end && !fields[begin].isQuoted
                if isEmptyLine { fields.removeLast() } else { records.append(Record(line: line, fields: begin..<fields.count)) }
                return true
            }
            let count = fields.count - begin
            fields.removeLast(count)
            guard records.isEmpty else { return false }
            guard case .incomplete = found else {
                throw FocusFailure(line: nextLine, "Field \(count) goes on behind its closing quote.", isOfOneRow: false)
            }
            guard !isAtEnd else { throw FocusFailure(line: nextLine, "A quote is not closed.", isOfOneRow: false) }
            guard buffer.count - position < Self.longestRecord else {
                throw FocusFailure(line: nextLine, "The row is longer than \(Self.longestRecord) bytes.", isOfOneRow: false)
            }
            _ = try fill()
        }
    }

    private func scan(_ bytes: UnsafeBufferPointer<UInt8>, isLast: Bool) -> Scan {
        let comma = UInt8(ascii: ",")
        let quote = UInt8(ascii: "\"")
        let feed = UInt8(ascii: "\n")
        let carriage = UInt8(ascii: "\r")
        var index = position
        var lines = 1
        let end = bytes.count
        while true {
            var field = Field(start: index, end: index)
            if index < end, bytes[index] == quote {
                index += 1
                field.isQuoted = true
                field.start = index
                while true {
                    while index < end, bytes[index] != quote {
                        if bytes[index] == feed { lines += 1 }
                        index += 1
                    }
                    guard index < end, index + 1 < end || isLast else { return .incomplete }
                    guard index + 1 < end, bytes[index + 1] == quote else { break }
                    field.hasEscapes = true
                    index += 2
                }
                field.end = index
                index += 1
            } else {
                while index < end, bytes[index] != comma, bytes[index] != feed, bytes[index] != carriage { index += 1 }
                field.end = index
            }
            fields.append(field)
            guard index < end else { return isLast ? .record(end: index, lines: lines) : .incomplete }
            switch bytes[index] {
            case comma: index += 1
            case feed: return .record(end: index + 1, lines: lines)
            case carriage:
                guard index + 1 < end || isLast else { return .incomplete }
                return .record(end: index + 1 < end && bytes[index + 1] == feed ? index + 2 : index + 1, lines: lines)
            default: return .strayText
            }
        }
    }
}

extension CSVReader.Field {
    /// Empty, or the bare word NULL in any case: both mean that there is no value.
    func isNull(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        if start == end { return true }
        guard !isQuoted, end - start == 4 else { return false }
        return bytes[start] | 32 == 110 && bytes[start + 1] | 32 == 117 && bytes[start + 2] | 32 == 108 && bytes[start + 3] | 32 == 108
    }

    /// Lends the value, doubled quotes made single.
    func withValue<Result>(
        _ bytes: UnsafeBufferPointer<UInt8>, _ scratch: inout [UInt8], _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        guard hasEscapes else { return body(UnsafeBufferPointer(rebasing: bytes[start..<end])) }
        scratch.removeAll(keepingCapacity: true)
        var index = start
        while index < end {
            scratch.append(bytes[index])
            index += bytes[index] == UInt8(ascii: "\"") ? 2 : 1
        }
        return scratch.withUnsafeBufferPointer(body)
    }
}
