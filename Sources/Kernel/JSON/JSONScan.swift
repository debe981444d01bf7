import Glibc

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
        passPlain()
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

    /// Goes to the next quote or backslash; less far near the end.
    @inline(__always)
    private mutating func passPlain() {
        guard let base = bytes.baseAddress else { return }
        while index + 8 <= end {
            let next = EightBytes(at: base + index)
            let found = next.equal(to: UInt8(ascii: "\"")) | next.equal(to: UInt8(ascii: "\\"))
            if found != 0 {
                index += EightBytes.place(of: found)
                return
            }
            index += 8
        }
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
        guard count == other.count, let one = baseAddress, let other = other.baseAddress else { return count == other.count }
        return memcmp(one, other, count) == 0
    }

    /// Whether there is an escape in the text of a JSON string.
    @inline(__always)
    package var hasEscape: Bool {
        baseAddress.map { memchr($0, Int32(UInt8(ascii: "\\")), count) != nil } ?? false
    }

    /// Whether these are the bytes of a name in our code.
    @inline(__always)
    package func holds(_ name: StaticString) -> Bool {
        holds(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }
}
