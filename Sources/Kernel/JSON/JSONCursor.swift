/// The place in a buffer where the next byte goes. Whoever makes one has made sure that there is room.
struct JSONCursor {
    var next: UnsafeMutablePointer<UInt8>

    @inline(__always)
    mutating func byte(_ byte: UInt8) {
        next.pointee = byte
        next += 1
    }

    @inline(__always)
    mutating func separate(_ needsComma: Bool) {
        if needsComma { byte(UInt8(ascii: ",")) }
    }

    @inline(__always)
    mutating func bytes(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let start = bytes.baseAddress else { return }
        next.update(from: start, count: bytes.count)
        next += bytes.count
    }

    /// Names in our own code are plain ASCII and need no escaping.
    @inline(__always)
    mutating func key(_ name: StaticString) {
        byte(UInt8(ascii: "\""))
        bytes(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        byte(UInt8(ascii: "\""))
        byte(UInt8(ascii: ":"))
    }

    @inline(__always)
    mutating func string(_ text: UnsafeBufferPointer<UInt8>) {
        byte(UInt8(ascii: "\""))
        escaped(text)
        byte(UInt8(ascii: "\""))
    }

    /// A string's content, eight bytes at a time. All eight are copied even if one of them needs an escape: there is room for six times what is left.
    mutating func escaped(_ text: UnsafeBufferPointer<UInt8>) {
        guard let base = text.baseAddress else { return }
        var index = 0
        while index + 8 <= text.count {
            let eight = EightBytes(at: base + index)
            let found = eight.below(0x20) | eight.equal(to: UInt8(ascii: "\"")) | eight.equal(to: UInt8(ascii: "\\"))
            eight.store(to: next)
            let clean = found == 0 ? 8 : EightBytes.place(of: found)
            (next, index) = (next + clean, index + clean)
            guard found != 0 else { continue }
            escape(text[index])
            index += 1
        }
        while index < text.count {
            let character = text[index]
            if character < 0x20 || character == UInt8(ascii: "\"") || character == UInt8(ascii: "\\") {
                escape(character)
            } else {
                byte(character)
            }
            index += 1
        }
    }

    private mutating func escape(_ character: UInt8) {
        byte(UInt8(ascii: "\\"))
        switch character {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte(character)
        case 0x08: byte(UInt8(ascii: "b"))
        case 0x09: byte(UInt8(ascii: "t"))
        case 0x0A: byte(UInt8(ascii: "n"))
        case 0x0C: byte(UInt8(ascii: "f"))
        case 0x0D: byte(UInt8(ascii: "r"))
        default:
            for character in "u00".utf8 { byte(character) }
            byte(character < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
            byte((character & 15) < 10 ? UInt8(ascii: "0") + (character & 15) : UInt8(ascii: "a") + (character & 15) - 10)
        }
    }

    mutating func digits(_ value: Int64) {
        if value < 0 { byte(UInt8(ascii: "-")) }
        var rest = value.magnitude
        var length = 1
        while rest >= 10 {
            rest /= 10
            length += 1
        }
        rest = value.magnitude
        for place in stride(from: length - 1, through: 0, by: -1) {
            next[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        next += length
    }

    mutating func time(_ value: Timestamp) {
        next += value.write(to: UnsafeMutableBufferPointer(start: next, count: 24))
    }
}
