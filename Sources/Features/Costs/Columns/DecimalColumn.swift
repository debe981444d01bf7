import Kernel

/// A column of exact amounts in a segment: whole numbers that share one scale, as narrow as they can be.
struct DecimalColumn: Sendable {
    enum Mantissas: Sendable {
        case narrow([Int64])
        case wide([Int128])
        /// Some do not fit 128 bits at one scale.
        case exact([ExactDecimal])
    }

    let scale: Int
    let mantissas: Mantissas
    /// Which rows have no amount; empty when all have one.
    let nulls: [Bool]

    /// Of a column that is not there.
    static func null(rows: Int) -> DecimalColumn {
        DecimalColumn(scale: 0, mantissas: .narrow(Array(repeating: 0, count: rows)), nulls: Array(repeating: true, count: rows))
    }

    var isNarrow: Bool { if case .narrow = mantissas { true } else { false } }

    func isNull(_ row: Int) -> Bool { !nulls.isEmpty && nulls[row] }

    /// Zero for null.
    subscript(row: Int) -> ExactDecimal {
        switch mantissas {
        case .narrow(let values): ExactDecimal(mantissa: Int128(values[row]), scale: scale)
        case .wide(let values): ExactDecimal(mantissa: values[row], scale: scale)
        case .exact(let values): values[row]
        }
    }

    func isZero(_ row: Int) -> Bool {
        switch mantissas {
        case .narrow(let values): values[row] == 0
        case .wide(let values): values[row] == 0
        case .exact(let values): values[row].isZero
        }
    }

    func isNegative(_ row: Int) -> Bool {
        switch mantissas {
        case .narrow(let values): values[row] < 0
        case .wide(let values): values[row] < 0
        case .exact(let values): values[row].isNegative
        }
    }

    var size: Int {
        switch mantissas {
        case .narrow(let values): values.count * 8 + nulls.count
        case .wide(let values): values.count * 16 + nulls.count
        case .exact(let values): values.count * 48 + nulls.count
        }
    }
}

/// Gathers the amounts of a column.
final class DecimalBuilder {
    private var mantissas: [Int64] = []
    private var scales: [UInt8] = []
    private var nulls: [Bool] = []
    private var hasNulls = false
    /// What does not fit 64 bits, by row.
    private var large: [Int: ExactDecimal] = [:]

    var rows: Int { mantissas.count }

    func appendNull() {
        append(mantissa: 0, scale: 0, isNull: true)
        hasNulls = true
    }

    func removeLast() {
        mantissas.removeLast()
        scales.removeLast()
        nulls.removeLast()
        large[mantissas.count] = nil
    }

    private func append(mantissa: Int64, scale: UInt8, isNull: Bool = false) {
        mantissas.append(mantissa)
        scales.append(scale)
        nulls.append(isNull)
    }

    func append(_ value: ExactDecimal) {
        if let (mantissa, scale) = value.parts, let narrow = Int64(exactly: mantissa), scale < 19 {
            append(mantissa: narrow, scale: UInt8(scale))
        } else {
            large[mantissas.count] = value
            append(mantissa: 0, scale: 0)
        }
    }

    /// Appends a row; false for a text that is no decimal number.
    func append(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        if let (mantissa, scale) = Self.short(text) {
            append(mantissa: mantissa, scale: scale)
            return true
        }
        guard let value = ExactDecimal(String(decoding: text, as: UTF8.self)) else { return false }
        append(value)
        return true
    }

    /// At most 18 digits without an exponent, which is almost everything; the zeros at the end of a fraction are taken off.
    private static func short(_ text: UnsafeBufferPointer<UInt8>) -> (Int64, UInt8)? {
        guard text.count > 0, text.count <= 20 else { return nil }
        var index = 0
        let isNegative = text[0] == UInt8(ascii: "-")
        if isNegative { index = 1 }
        var value: Int64 = 0
        var digits = 0
        var scale = 0
        var hasPoint = false
        while index < text.count {
            let byte = text[index]
            index += 1
            if byte == UInt8(ascii: "."), !hasPoint, digits > 0, index < text.count {
                hasPoint = true
                continue
            }
            guard byte >= 48, byte <= 57 else { return nil }
            value = value * 10 + Int64(byte - 48)
            digits += 1
            if hasPoint { scale += 1 }
        }
        guard digits > 0, digits <= 18 else { return nil }
        while scale > 0, value % 10 == 0 {
            value /= 10
            scale -= 1
        }
        return (isNegative ? -value : value, UInt8(scale))
    }

    var column: DecimalColumn? {
        if hasNulls, nulls.allSatisfy({ $0 }) { return nil }
        let nulls = hasNulls ? nulls : []
        let parts = large.values.map(\.parts)
        let scale = max(Int(scales.max() ?? 0), parts.compactMap { $0?.scale }.max() ?? 0)
        if large.isEmpty, let narrow = raised(to: scale, as: Int64.self) {
            return DecimalColumn(scale: scale, mantissas: .narrow(narrow), nulls: nulls)
        }
        if parts.allSatisfy({ $0 != nil }), scale < 38, let wide = raised(to: scale, as: Int128.self) {
            return DecimalColumn(scale: scale, mantissas: .wide(wide), nulls: nulls)
        }
        let exact = mantissas.indices.map {
            large[$0] ?? ExactDecimal(mantissa: Int128(mantissas[$0]), scale: Int(scales[$0]))
        }
        return DecimalColumn(scale: 0, mantissas: .exact(exact), nulls: nulls)
    }

    /// All mantissas at one scale; nil when one does not fit.
    private func raised<Integer: FixedWidthInteger>(to scale: Int, as: Integer.Type) -> [Integer]? {
        var result: [Integer] = []
        result.reserveCapacity(mantissas.count)
        for row in mantissas.indices {
            var own = Int(scales[row])
            var value = Int128(mantissas[row])
            if !large.isEmpty, let parts = large[row]?.parts { (value, own) = (parts.mantissa, parts.scale) }
            if value == 0 {
                result.append(0)
                continue
            }
            let (product, overflow) = value.multipliedReportingOverflow(by: ExactDecimal.powersOfTen[scale - own])
            guard !overflow, let fitting = Integer(exactly: product) else { return nil }
            result.append(fitting)
        }
        return result
    }
}
