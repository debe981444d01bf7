/// One batch as it was sent: texts still stand in the body.
struct IngestBody: Sendable {
    let token: String
    let function: MetricFunction
    let points: [SentPoint]
}

/// A point with its texts as places in the body.
struct SentPoint: Sendable {
    /// Without quotes; escapes unresolved.
    var nameStart: UInt32 = 0
    var nameLength: UInt32 = 0
    /// The whole value; length 0 where there is none or null.
    var dimensionsStart: UInt32 = 0
    var dimensionsLength: UInt32 = 0
    var hour: HourIndex = 0
    var value = 0.0
}

/// Reads a batch of points. What this call does not know is skipped, yet must be JSON.
struct IngestReader {
    /// Points of one request.
    static let mostPoints = 10_000

    var scanner: ByteScanner
    /// Time is the same from point to point as a rule: the text read last, and its hour.
    private var lastTime: (start: Int, length: Int, hour: HourIndex) = (0, 0, 0)

    static func read(_ bytes: UnsafeRawBufferPointer) throws(IngestRefusal) -> IngestBody {
        guard let base = bytes.baseAddress, bytes.count > 0 else { throw .syntax("it ends where a value should be", at: 0) }
        var reader = IngestReader(scanner: ByteScanner(base: base.assumingMemoryBound(to: UInt8.self), count: bytes.count))
        return try reader.document()
    }

    private init(scanner: ByteScanner) { self.scanner = scanner }

    private mutating func document() throws(IngestRefusal) -> IngestBody {
        scanner.skipSpace()
        guard scanner.peek == UInt8(ascii: "{") else {
            try scanner.skipValue(depth: 0)
            try end()
            throw .field("", "type", "must be an object")
        }
        var token: String?
        var function: MetricFunction?
        var points: [SentPoint]?
        try members { (reader, name) throws(IngestRefusal) in
            switch name {
            case .token where token == nil: token = try reader.token()
            case .function where function == nil: function = try reader.function()
            case .data where points == nil: points = try reader.points()
            case .token, .function, .data: throw reader.scanner.failure("a name stands twice in one object")
            default: try reader.scanner.skipValue(depth: 1)
            }
        }
        try end()
        guard let token else { throw .field("/data_stream_token", "required", "is required") }
        guard let function else { throw .field("/metric_agg_func", "required", "is required") }
        guard let points else { throw .field("/data", "required", "is required") }
        return IngestBody(token: token, function: function, points: points)
    }

    private mutating func end() throws(IngestRefusal) {
        scanner.skipSpace()
        guard scanner.index == scanner.count else { throw scanner.failure("there is more after the value") }
    }

    /// Visits the members of the object that begins here; the visitor reads each value.
    @inline(__always)
    private mutating func members(_ visit: (inout IngestReader, IngestName) throws(IngestRefusal) -> Void) throws(IngestRefusal) {
        scanner.index += 1
        scanner.skipSpace()
        if scanner.take(UInt8(ascii: "}")) { return }
        while true {
            scanner.skipSpace()
            let name = try scanner.string()
            try scanner.expect(UInt8(ascii: ":"), "a colon")
            scanner.skipSpace()
            try visit(&self, try IngestName(name, scanner))
            scanner.skipSpace()
            if scanner.take(UInt8(ascii: ",")) { continue }
            guard scanner.take(UInt8(ascii: "}")) else { throw scanner.failure("a comma or the end of the object should be here") }
            return
        }
    }

    // MARK: The batch's own members

    private mutating func token() throws(IngestRefusal) -> String {
        guard scanner.peek == UInt8(ascii: "\"") else { throw try wrongType("/data_stream_token", "a string", depth: 1) }
        let text = try scanner.string()
        let token = String(decoding: try scanner.unescaped(text), as: UTF8.self)
        guard !token.isEmpty else { throw .field("/data_stream_token", "length", "must not be empty") }
        return token
    }

    private mutating func function() throws(IngestRefusal) -> MetricFunction {
        guard scanner.peek == UInt8(ascii: "\"") else { throw try wrongType("/metric_agg_func", "a string", depth: 1) }
        let text = try scanner.string()
        guard let function = MetricFunction(reading: String(decoding: try scanner.unescaped(text), as: UTF8.self)) else {
            throw .field("/metric_agg_func", "not_allowed", "must be one of Sum, Average, Minimum, Maximum")
        }
        return function
    }

    private mutating func points() throws(IngestRefusal) -> [SentPoint] {
        guard scanner.peek == UInt8(ascii: "[") else { throw try wrongType("/data", "an array", depth: 1) }
        scanner.index += 1
        var points: [SentPoint] = []
        points.reserveCapacity(min(Self.mostPoints, scanner.count / 64))
        scanner.skipSpace()
        if scanner.take(UInt8(ascii: "]")) { return points }
        while true {
            scanner.skipSpace()
            guard points.count < Self.mostPoints else {
                throw .field("/data", "count", "must have at most \(Self.mostPoints) entries")
            }
            points.append(try point(points.count))
            scanner.skipSpace()
            if scanner.take(UInt8(ascii: ",")) { continue }
            guard scanner.take(UInt8(ascii: "]")) else { throw scanner.failure("a comma or the end of the array should be here") }
            return points
        }
    }

    // MARK: One point

    private mutating func point(_ number: Int) throws(IngestRefusal) -> SentPoint {
        guard scanner.peek == UInt8(ascii: "{") else { throw try wrongType("/data/\(number)", "an object", depth: 2) }
        var point = SentPoint()
        var seen: UInt8 = 0
        var aliasValue: Double?
        try members { (reader, name) throws(IngestRefusal) in
            guard name.bit & seen == 0 else { throw reader.scanner.failure("a name stands twice in one object") }
            seen |= name.bit
            switch name {
            case .timestamp: point.hour = try reader.time(number)
            case .name: try reader.name(number, &point)
            case .value: point.value = try reader.value(number, "metric_value")
            case .misspeltValue:
                // Where the right name stands too, this one counts as unknown.
                let mark = reader.scanner.index
                try reader.scanner.skipValue(depth: 3)
                let end = reader.scanner.index
                reader.scanner.index = mark
                aliasValue = try? reader.value(number, "mertic_value")
                reader.scanner.index = end
            case .dimensions: try reader.dimensions(number, &point)
            default: try reader.scanner.skipValue(depth: 3)
            }
        }
        guard seen & IngestName.timestamp.bit != 0 else { throw .field("/data/\(number)/timestamp", "required", "is required") }
        guard seen & IngestName.name.bit != 0 else { throw .field("/data/\(number)/metric_name", "required", "is required") }
        if seen & IngestName.value.bit == 0 {
            guard seen & IngestName.misspeltValue.bit != 0 else {
                throw .field("/data/\(number)/metric_value", "required", "is required")
            }
            guard let aliasValue else { throw Self.noValue(number, "mertic_value") }
            point.value = aliasValue
        }
        return point
    }

    private mutating func time(_ number: Int) throws(IngestRefusal) -> HourIndex {
        let start: Int
        let length: Int
        var isEscaped = false
        switch scanner.peek {
        case UInt8(ascii: "\""):
            let text = try scanner.string()
            (start, length, isEscaped) = (text.start, text.length, text.isEscaped)
        case let byte? where byte == UInt8(ascii: "-") || byte &- 48 < 10:
            let number = try scanner.number()
            (start, length) = (number.start, number.length)
        default: throw try wrongType("/data/\(number)/timestamp", "a time", depth: 3)
        }
        if length == lastTime.length, length > 0, isSame(start, lastTime.start, length) { return lastTime.hour }
        let plain = isEscaped ? try scanner.unescaped(.init(start: start, length: length, isEscaped: true)) : []
        do throws(PointTime.Failure) {
            if isEscaped { return try Self.hour(plain) }
            let hour = try PointTime.hour(scanner.bytes(start, length))
            lastTime = (start, length, hour)
            return hour
        } catch {
            throw Self.refusal(of: error, number)
        }
    }

    private static func hour(_ text: [UInt8]) throws(PointTime.Failure) -> HourIndex {
        let result: Result<HourIndex, PointTime.Failure> = text.withUnsafeBufferPointer { text in
            do throws(PointTime.Failure) { return .success(try PointTime.hour(text)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    private static func refusal(of failure: PointTime.Failure, _ number: Int) -> IngestRefusal {
        switch failure {
        case .form:
            .field(
                "/data/\(number)/timestamp", "timestamp",
                "must be a time such as 2022-10-01 00:00:00, 20221001000000, 2022-10-01T00:00:00Z or seconds since 1970")
        case .offHour: .field("/data/\(number)/timestamp", "off_hour", "must be on the hour, UTC")
        }
    }

    @inline(__always)
    private func isSame(_ one: Int, _ other: Int, _ length: Int) -> Bool {
        for place in 0..<length where scanner.base[one + place] != scanner.base[other + place] { return false }
        return true
    }

    private mutating func name(_ number: Int, _ point: inout SentPoint) throws(IngestRefusal) {
        guard scanner.peek == UInt8(ascii: "\"") else { throw try wrongType("/data/\(number)/metric_name", "a string", depth: 3) }
        let text = try scanner.string()
        guard text.length > 0 else { throw .field("/data/\(number)/metric_name", "length", "must have 1 to 255 characters") }
        (point.nameStart, point.nameLength) = (UInt32(text.start), UInt32(text.length))
    }

    private mutating func value(_ number: Int, _ field: String) throws(IngestRefusal) -> Double {
        switch scanner.peek {
        case let byte? where byte == UInt8(ascii: "-") || byte &- 48 < 10:
            let scanned = try scanner.number()
            guard let value = scanner.double(scanned) else { throw Self.noValue(number, field) }
            return value
        case UInt8(ascii: "\""):
            let text = try scanner.string()
            guard let value = Self.number(in: try scanner.unescaped(text)) else { throw Self.noValue(number, field) }
            return value
        default:
            try scanner.skipValue(depth: 3)
            throw Self.noValue(number, field)
        }
    }

    private static func noValue(_ number: Int, _ field: String) -> IngestRefusal {
        .field("/data/\(number)/\(field)", "number", "must be a finite number, or a text that is one")
    }

    /// What `float()` of other languages takes of decimal numbers: white space around, a sign, digits, point, exponent.
    static func number(in text: [UInt8]) -> Double? {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        let trimmed = Array(text.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
        return trimmed.withUnsafeBufferPointer { bytes -> Double? in
            guard let base = bytes.baseAddress else { return nil }
            var inner = ByteScanner(base: base, count: bytes.count)
            guard let scanned = try? inner.number(isLoose: true), inner.index == bytes.count else { return nil }
            return inner.double(scanned)
        }
    }

    /// Finds where the dimensions end; what stands in them is read when they are met for the first time.
    private mutating func dimensions(_ number: Int, _ point: inout SentPoint) throws(IngestRefusal) {
        let start = scanner.index
        switch scanner.peek {
        case UInt8(ascii: "{"), UInt8(ascii: "["): try scanner.skipValue(depth: 3)
        case UInt8(ascii: "n"): return try scanner.word("null")
        default: throw try wrongType("/data/\(number)/custom_dimensions", "an object", depth: 3)
        }
        (point.dimensionsStart, point.dimensionsLength) = (UInt32(start), UInt32(scanner.index - start))
    }

    /// The refusal of a value of another type; the value must be JSON all the same.
    private mutating func wrongType(_ pointer: String, _ wanted: String, depth: Int) throws(IngestRefusal) -> IngestRefusal {
        try scanner.skipValue(depth: depth)
        return .field(pointer, "type", "must be \(wanted)")
    }
}

/// The members this call knows.
enum IngestName: UInt8 {
    case token, function, data, timestamp, name, value, misspeltValue, dimensions, other

    /// 0 for what is not known: that may be repeated.
    var bit: UInt8 {
        switch self {
        case .timestamp: 1
        case .name: 2
        case .value: 4
        case .misspeltValue: 8
        case .dimensions: 16
        default: 0
        }
    }

    @inline(__always)
    init(_ text: ByteScanner.Text, _ scanner: ByteScanner) throws(IngestRefusal) {
        guard !text.isEscaped else {
            let plain = try scanner.unescaped(text)
            self = plain.withUnsafeBufferPointer { Self.named($0) }
            return
        }
        self = Self.named(scanner.bytes(text.start, text.length))
    }

    @inline(__always)
    private static func named(_ bytes: UnsafeBufferPointer<UInt8>) -> IngestName {
        switch bytes.count {
        case 4: isSame(bytes, "data") ? .data : .other
        case 9: isSame(bytes, "timestamp") ? .timestamp : .other
        case 11: isSame(bytes, "metric_name") ? .name : .other
        case 12: isSame(bytes, "metric_value") ? .value : isSame(bytes, "mertic_value") ? .misspeltValue : .other
        case 15: isSame(bytes, "metric_agg_func") ? .function : .other
        case 17: isSame(bytes, "custom_dimensions") ? .dimensions : isSame(bytes, "data_stream_token") ? .token : .other
        default: .other
        }
    }

    @inline(__always)
    private static func isSame(_ bytes: UnsafeBufferPointer<UInt8>, _ name: StaticString) -> Bool {
        for place in 0..<bytes.count where bytes[place] != name.utf8Start[place] { return false }
        return true
    }
}
