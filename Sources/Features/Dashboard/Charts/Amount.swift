import Kernel

/// How numbers of one kind are written for people: money of a currency, or a plain number when there is none. Rounding is for the eye alone;
/// the exact decimal stands beside it wherever one is shown.
struct Amount: Sendable {
    let currency: String?

    private static let cent = ExactDecimal(mantissa: 1, scale: 2)
    private static let symbols = ["USD": "$", "EUR": "€", "GBP": "£"]

    /// `$1,234.50`, `1,234.50 CHF`; below a cent as many places as two digits need, six at most.
    func text(_ value: ExactDecimal) -> String { dressed(value, Self.grouped(rounded(value), places: currency == nil ? 0 : 2)) }

    /// The same with its sign, also where it is positive.
    func signed(_ value: ExactDecimal) -> String { (value.isNegative || value.isZero ? "" : "+") + text(value) }

    /// For an axis: `$1.5k`, `$20M`. `places` is what its finest tick needs.
    func tick(_ value: ExactDecimal, places: Int) -> String {
        let size = value.isNegative ? -value : value
        for (limit, scale, letter) in [(1_000_000_000, 9, "B"), (1_000_000, 6, "M"), (10_000, 3, "k")] where size >= ExactDecimal(limit) {
            let short = value.divided(by: ExactDecimal("1e\(scale)") ?? 1, scale: 18)
            return dressed(value, Self.grouped(short, places: 0) + letter)
        }
        return dressed(value, Self.grouped(value, places: places))
    }

    /// `+12.3 %` of a fraction; to a tenth.
    static func percent(_ fraction: ExactDecimal) -> String {
        let percent = (fraction * 100).rounded(scale: 1)
        return (percent.isNegative || percent.isZero ? "" : "+") + signed(grouped(percent, places: 1), percent) + " %"
    }

    private func rounded(_ value: ExactDecimal) -> ExactDecimal {
        let size = value.isNegative ? -value : value
        if size < Self.cent { return value.rounded(scale: 6) }
        return value.rounded(scale: currency == nil && size < 100 ? 4 : 2)
    }

    private func dressed(_ value: ExactDecimal, _ digits: String) -> String {
        guard let currency else { return Self.signed(digits, value) }
        guard let symbol = Self.symbols[currency] else { return "\(Self.signed(digits, value)) \(currency)" }
        return digits.utf8.first == UInt8(ascii: "-") ? "−" + symbol + digits.dropFirst() : symbol + digits
    }

    /// With a real minus.
    private static func signed(_ digits: String, _ value: ExactDecimal) -> String {
        digits.hasPrefix("-") ? "−" + digits.dropFirst() : digits
    }

    /// `1,234.50`, with at least so many places.
    private static func grouped(_ value: ExactDecimal, places: Int) -> String {
        let plain = value.formatted(minimumPlaces: places)
        let first = value.isNegative ? 1 : 0
        let whole = plain.utf8.firstIndex(of: UInt8(ascii: ".")) ?? plain.utf8.endIndex
        var place = plain.utf8.distance(from: plain.utf8.startIndex, to: whole) - 3
        guard place > first else { return plain }
        var digits = Array(plain.utf8)
        while place > first {
            digits.insert(UInt8(ascii: ","), at: place)
            place -= 3
        }
        return String(decoding: digits, as: UTF8.self)
    }
}

extension ExactDecimal {
    /// For drawing only.
    var drawn: Double {
        guard let (mantissa, scale) = parts, let short = Int64(exactly: mantissa), scale < Self.powers.count else {
            return Double(description) ?? 0
        }
        return Double(short) / Self.powers[scale]
    }

    private static let powers = powersOfTen.prefix(19).map { Double($0) }
}
