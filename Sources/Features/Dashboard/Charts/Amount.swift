import Kernel

/// How numbers of one kind are written for people: money of a currency, or a plain number when there is none. Rounding is for the eye alone;
/// the exact decimal stands beside it wherever one is shown.
struct Amount: Sendable {
    private let currency: String?
    /// That of the currency, where it has one that everybody knows.
    private let symbol: String?

    private static let cent = ExactDecimal(mantissa: 1, scale: 2)
    private static let symbols = ["USD": "$", "EUR": "€", "GBP": "£"]

    init(currency: String?) {
        self.currency = currency
        symbol = currency.flatMap { Self.symbols[$0] }
    }

    /// `$1,234.50`, `1,234.50 CHF`; below a cent as many places as two digits need, six at most.
    func text(_ value: ExactDecimal) -> String { Self.string { write(value, to: &$0) } }

    /// The same where many are written one after the other. It is not escaped: a bill's currency can be any text.
    func write(_ value: ExactDecimal, to bytes: inout [UInt8]) {
        dress(rounded(value).formatted(minimumPlaces: currency == nil ? 0 : 2), to: &bytes)
    }

    /// The same with its sign, also where it is positive.
    func signed(_ value: ExactDecimal) -> String { (value.isNegative || value.isZero ? "" : "+") + text(value) }

    /// For an axis: `$1.5k`, `$20M`. `places` is what its finest tick needs.
    func tick(_ value: ExactDecimal, places: Int) -> String {
        let size = value.isNegative ? -value : value
        for (limit, scale, letter) in [(1_000_000_000, 9, "B"), (1_000_000, 6, "M"), (10_000, 3, "k")] where size >= ExactDecimal(limit) {
            let short = value.divided(by: ExactDecimal("1e\(scale)") ?? 1, scale: 18)
            return Self.string { dress(short.formatted(minimumPlaces: 0), letter, to: &$0) }
        }
        return Self.string { dress(value.formatted(minimumPlaces: places), to: &$0) }
    }

    /// `+12.3 %` of a fraction; to a tenth.
    static func percent(_ fraction: ExactDecimal) -> String {
        let percent = (fraction * 100).rounded(scale: 1)
        let digits = string { Amount(currency: nil).dress(percent.formatted(minimumPlaces: 1), to: &$0) }
        return (percent.isNegative || percent.isZero ? "" : "+") + digits + " %"
    }

    private func rounded(_ value: ExactDecimal) -> ExactDecimal {
        let size = value.isNegative ? -value : value
        if size < Self.cent { return value.rounded(scale: 6) }
        return value.rounded(scale: currency == nil && size < 100 ? 4 : 2)
    }

    /// Digits in groups of three, with the currency and with a real minus.
    private func dress(_ digits: String, _ letter: String = "", to bytes: inout [UInt8]) {
        var digits = digits
        digits.withUTF8 { digits in
            let first = digits.first == UInt8(ascii: "-") ? 1 : 0
            if first == 1 { bytes.append(contentsOf: "−".utf8) }
            if let symbol { bytes.append(contentsOf: symbol.utf8) }
            let whole = digits.firstIndex(of: UInt8(ascii: ".")) ?? digits.count
            for place in first..<digits.count {
                if place > first, place < whole, (whole - place) % 3 == 0 { bytes.append(UInt8(ascii: ",")) }
                bytes.append(digits[place])
            }
        }
        bytes.append(contentsOf: letter.utf8)
        if symbol == nil, let currency { bytes.append(contentsOf: (" " + currency).utf8) }
    }

    private static func string(_ write: (inout [UInt8]) -> Void) -> String {
        var bytes: [UInt8] = []
        write(&bytes)
        return String(decoding: bytes, as: UTF8.self)
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
