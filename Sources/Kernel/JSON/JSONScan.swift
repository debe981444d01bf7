/// Finds where values begin and end in JSON without white space. It never reads past its bytes, whatever these are.
package struct JSONScan {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let end: Int
    private var index: Int

    package init(_ bytes: UnsafeBufferPointer<UInt8>, _ place: Range<Int>) {
        self.bytes = bytes
        (index, end) = (place.lowerBound, min(place.upperBound, bytes.count))
    }

    package var isAtEnd: Bool { index == end }

    @inline(__always)
    package mutating func take(_ byte: UInt8) -> Bool {
        guard index < end, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    /// A string with its quotes.
    @inline(__always)
    package mutating func string() -> Range<Int>? {
        let start = index
        guard take(UInt8(ascii: "\"")) else { return nil }
        while index < end {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                index += 1
                return start..<index
            case UInt8(ascii: "\\"): index += 2
            default: index += 1
            }
        }
        return nil
    }

    /// A value with all that is in it.
    package mutating func value() -> Range<Int>? {
        let start = index
        var depth = 0
        while index < end {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                guard string() != nil else { return nil }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return index > start ? start..<index : nil }
                depth -= 1
            case UInt8(ascii: ",") where depth == 0: return index > start ? start..<index : nil
            default: break
            }
            index += 1
        }
        return depth == 0 && index > start ? start..<index : nil
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether these are the same bytes.
    @inline(__always)
    package func holds(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index] != other[index] { return false }
        return true
    }

    /// Whether these are the bytes of a name in our code.
    @inline(__always)
    package func holds(_ name: StaticString) -> Bool {
        holds(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }
}
