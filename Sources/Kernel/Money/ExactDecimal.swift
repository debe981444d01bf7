/// An exact decimal number: a whole number and how many of its digits stand behind the point.
///
/// Money is never a double: bills carry up to 18 decimals, and every total must equal an independent computation to the last digit.
/// Sums, differences and products are exact whatever their size; only a quotient is rounded. Almost every amount fits 128 bits, so
/// that is the fast path; what does not fit goes on in limbs of arbitrary length, and nothing overflows.
package struct ExactDecimal: Sendable {
    /// Equal numbers have equal parts: no zeros end the fraction, and `.large` is only what does not fit `.small`.
    enum Digits: Sendable, Hashable {
        case small(Int128)
        case large(isNegative: Bool, Magnitude)
    }

    let digits: Digits
    /// How many digits stand behind the point; never negative.
    let scale: Int

    init(digits: Digits, scale: Int) {
        self.digits = digits
        self.scale = scale
    }

    package init(_ value: some BinaryInteger) {
        if let small = Int128(exactly: value) {
            self.init(digits: .small(small), scale: 0)
        } else {
            self.init(isNegative: value < 0, Magnitude(text: value.magnitude.description.utf8), scale: 0)
        }
    }

    package static let zero = ExactDecimal(0)

    package var isZero: Bool { digits == .small(0) }

    package var isNegative: Bool {
        switch digits {
        case .small(let value): value < 0
        case .large(let isNegative, _): isNegative
        }
    }
}

extension ExactDecimal: Hashable {}

extension ExactDecimal: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int64) { self.init(value) }
}

extension ExactDecimal: Comparable {
    package static func < (one: Self, other: Self) -> Bool {
        if one.scale == other.scale, case .small(let left) = one.digits, case .small(let right) = other.digits { return left < right }
        return (one - other).isNegative
    }
}

// MARK: - Canonical form

extension ExactDecimal {
    /// Takes off the zeros that end the fraction.
    init(small value: Int128, scale: Int) {
        var value = value
        var scale = scale
        while scale > 0 {
            if let short = Int64(exactly: value) {
                let (quotient, remainder) = short.quotientAndRemainder(dividingBy: 10)
                guard remainder == 0 else { break }
                value = Int128(quotient)
            } else {
                let (quotient, remainder) = value.quotientAndRemainder(dividingBy: 10)
                guard remainder == 0 else { break }
                value = quotient
            }
            scale = value == 0 ? 0 : scale - 1
        }
        self.init(digits: .small(value), scale: scale)
    }

    init(isNegative: Bool, _ magnitude: Magnitude, scale: Int) {
        var magnitude = magnitude
        var scale = scale
        while scale > 0, !magnitude.isZero, case (let quotient, let remainder) = magnitude.divided(bySmall: 10), remainder == 0 {
            magnitude = quotient
            scale -= 1
        }
        if let small = magnitude.small {
            self.init(small: isNegative ? -small : small, scale: scale)
        } else {
            self.init(digits: .large(isNegative: isNegative, magnitude), scale: scale)
        }
    }

    /// Sign and size of the digits, for the long way.
    var long: (isNegative: Bool, magnitude: Magnitude) {
        switch digits {
        case .small(let value): (value < 0, Magnitude(value.magnitude))
        case .large(let isNegative, let magnitude): (isNegative, magnitude)
        }
    }
}
