/// Gathers the texts of a column. A bill says the same again and again, so the cost of a cell is one hash and one comparison.
final class TextBuilder {
    private var bytes: [UInt8] = []
    private var ends: [UInt32] = []
    private var hashes: [UInt64] = []
    /// Codes at the place their hash says, 0 where free; a power of two long and never full.
    private var table = [UInt16](repeating: 0, count: 64)
    private var codes: [UInt16] = []

    var rows: Int { codes.count }
    /// Bytes it holds, about.
    var size: Int { bytes.count + ends.count * 12 + codes.count * 2 + table.count * 2 }

    func appendNull() { codes.append(0) }
    func removeLast() { codes.removeLast() }

    /// Appends a row. `check` sees a text when it is new, and may refuse it.
    func append<Failure: Error>(
        _ text: UnsafeBufferPointer<UInt8>, check: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        if let last = codes.last, last > 0, equals(last, text) { return codes.append(last) }
        let hash = Self.hash(text)
        var place = Int(truncatingIfNeeded: hash) & (table.count - 1)
        while table[place] != 0 {
            let code = table[place]
            if hashes[Int(code) - 1] == hash, equals(code, text) { return codes.append(code) }
            place = (place + 1) & (table.count - 1)
        }
        try check(text)
        bytes.append(contentsOf: text)
        ends.append(UInt32(bytes.count))
        hashes.append(hash)
        table[place] = UInt16(ends.count)
        codes.append(UInt16(ends.count))
        if ends.count * 2 > table.count { grow() }
    }

    func append(_ text: String) {
        var copy = text
        copy.withUTF8 { append($0) { _ in } }
    }

    var column: TextColumn {
        if codes.allSatisfy({ $0 == 0 }) { return .null }
        let isConstant = ends.count == 1 && codes.allSatisfy { $0 == 1 }
        return TextColumn(bytes: bytes, ends: ends, codes: isConstant ? [] : codes)
    }

    private func equals(_ code: UInt16, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let end = Int(ends[Int(code) - 1])
        let start = code == 1 ? 0 : Int(ends[Int(code) - 2])
        guard end - start == text.count else { return false }
        return bytes.withUnsafeBufferPointer { bytes in
            for index in 0..<text.count where bytes[start + index] != text[index] { return false }
            return true
        }
    }

    private func grow() {
        table = [UInt16](repeating: 0, count: table.count * 2)
        for (index, hash) in hashes.enumerated() {
            var place = Int(truncatingIfNeeded: hash) & (table.count - 1)
            while table[place] != 0 { place = (place + 1) & (table.count - 1) }
            table[place] = UInt16(index + 1)
        }
    }

    /// Eight bytes at a time through a multiplication whose halves are folded.
    private static func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(text.count)
        let raw = UnsafeRawBufferPointer(text)
        var index = 0
        while index + 8 <= raw.count {
            state = mix(state ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        var rest: UInt64 = 0
        while index < raw.count {
            rest = rest << 8 | UInt64(raw[index])
            index += 1
        }
        return mix(state ^ rest)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        let (high, low) = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return high ^ low
    }
}
