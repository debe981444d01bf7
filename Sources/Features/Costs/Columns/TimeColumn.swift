import Kernel

/// A column of moments in a segment: each distinct one once, and a code for every row. Code 0 is null.
struct TimeColumn: Sendable {
    /// Milliseconds since 1970; moment `n` belongs to code `n + 1`.
    let moments: [Int64]
    /// One per row; empty when every row has code 1.
    let codes: [UInt16]

    static let null = TimeColumn(moments: [], codes: [])

    var cardinality: Int { moments.count + 1 }
    func code(_ row: Int) -> Int { codes.isEmpty ? (moments.isEmpty ? 0 : 1) : Int(codes[row]) }
    func time(_ code: Int) -> Timestamp? { code > 0 ? Timestamp(milliseconds: moments[code - 1]) : nil }
    var size: Int { moments.count * 8 + codes.count * 2 }
}

/// Gathers the moments of a column.
final class TimeBuilder {
    private var moments: [Int64] = []
    private var known: [Int64: UInt16] = [:]
    private var codes: [UInt16] = []
    /// The text of the row before, and what it meant: rows of a bill often share their times.
    private var last: (text: [UInt8], code: UInt16) = ([], 0)
    private var read: [[UInt8]: UInt16] = [:]

    var rows: Int { codes.count }

    func appendNull() { codes.append(0) }
    func removeLast() { codes.removeLast() }

    /// Appends a row; false for a text that is no moment.
    func append(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        if last.code > 0, last.text.elementsEqual(text) {
            codes.append(last.code)
            return true
        }
        let bytes = Array(text)
        if let code = read[bytes] {
            last = (bytes, code)
            codes.append(code)
            return true
        }
        guard let time = FocusTime.parse(String(decoding: bytes, as: UTF8.self)) else { return false }
        append(time)
        last = (bytes, codes[codes.count - 1])
        read[bytes] = last.code
        return true
    }

    func append(_ time: Timestamp) {
        if let code = known[time.milliseconds] { return codes.append(code) }
        moments.append(time.milliseconds)
        known[time.milliseconds] = UInt16(moments.count)
        codes.append(UInt16(moments.count))
    }

    func time(_ row: Int) -> Timestamp? {
        let code = Int(codes[row])
        return code > 0 ? Timestamp(milliseconds: moments[code - 1]) : nil
    }

    var column: TimeColumn {
        if moments.isEmpty { return .null }
        return TimeColumn(moments: moments, codes: moments.count == 1 && codes.allSatisfy { $0 == 1 } ? [] : codes)
    }
}
