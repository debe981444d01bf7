/// A JSON number where it stands, and what is known of it from one pass.
struct ScannedNumber {
    let start: Int
    let length: Int
    /// Its digits without point and exponent, while they fit.
    let digits: UInt64
    /// Digits that count, leading zeros aside.
    let digitCount: Int
    /// The power of ten they are multiplied with.
    let exponent: Int
    let isNegative: Bool
    /// Neither point nor exponent.
    let isInteger: Bool
}

extension ByteScanner {
    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// The number that begins here: RFC 8259's grammar. With `isLoose` what else people write as numbers in texts: `+5`, `.5`, `5.`, `05`.
    mutating func number(isLoose: Bool = false) throws(IngestRefusal) -> ScannedNumber {
        let start = index
        let isNegative = take(UInt8(ascii: "-"))
        if isLoose, !isNegative { _ = take(UInt8(ascii: "+")) }
        var digits: UInt64 = 0
        var digitCount = 0
        var exponent = 0
        let wholeStart = index
        while index < count, base[index] &- 48 < 10 {
            if digitCount > 0 || base[index] != 48 {
                if digitCount < 19 { digits = digits &* 10 &+ UInt64(base[index] &- 48) } else { exponent += 1 }
                digitCount += 1
            }
            index += 1
        }
        let wholeCount = index - wholeStart
        if !isLoose {
            guard wholeCount > 0 else { throw failure("a digit should be here") }
            guard wholeCount == 1 || base[wholeStart] != 48 else { throw failure("a number has no leading zeros") }
        }
        var isInteger = true
        if take(UInt8(ascii: ".")) {
            isInteger = false
            let fractionStart = index
            while index < count, base[index] &- 48 < 10 {
                if digitCount < 19 {
                    digits = digits &* 10 &+ UInt64(base[index] &- 48)
                    exponent -= 1
                }
                if digitCount > 0 || base[index] != 48 { digitCount += 1 }
                index += 1
            }
            guard index > fractionStart || (isLoose && wholeCount > 0) else { throw failure("a digit should be here") }
        } else if wholeCount == 0 {
            throw failure("a digit should be here")
        }
        if index < count, base[index] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            index += 1
            let isDown = take(UInt8(ascii: "-"))
            if !isDown { _ = take(UInt8(ascii: "+")) }
            let powerStart = index
            var power = 0
            while index < count, base[index] &- 48 < 10 {
                if power < 100_000 { power = power * 10 + Int(base[index] &- 48) }
                index += 1
            }
            guard index > powerStart else { throw failure("a digit should be here") }
            exponent += isDown ? -power : power
        }
        return ScannedNumber(
            start: start, length: index - start, digits: digits, digitCount: digitCount, exponent: exponent, isNegative: isNegative,
            isInteger: isInteger)
    }

    /// The nearest double, ties to even; nil past the range. Up to 2^53 and 10^22 both parts are exact and one operation rounds once
    /// (Clinger, "How to Read Floating Point Numbers Accurately", 1990); else the C library decides.
    func double(_ number: ScannedNumber) -> Double? {
        var value: Double
        if number.digitCount <= 19, number.digits <= 1 << 53, -22...22 ~= number.exponent {
            value = Double(number.digits)
            if number.exponent < 0 { value /= Self.powers[-number.exponent] } else { value *= Self.powers[number.exponent] }
            if number.isNegative { value = -value }
        } else {
            guard let slow = Double(String(decoding: bytes(number.start, number.length), as: UTF8.self)) else { return nil }
            value = slow
        }
        guard value.isFinite else { return nil }
        return value == 0 ? 0 : value  // there is one zero
    }
}
