extension ExactDecimal {
    package static func + (one: Self, other: Self) -> Self {
        if case .small(let left) = one.digits, case .small(let right) = other.digits {
            let scale = max(one.scale, other.scale)
            if let left = raise(left, by: scale - one.scale), let right = raise(right, by: scale - other.scale) {
                let (sum, overflow) = left.addingReportingOverflow(right)
                if !overflow { return Self(small: sum, scale: scale) }
            }
        }
        return longSum(one, other)
    }

    package static prefix func - (value: Self) -> Self {
        switch value.digits {
        case .small(let small) where small != .min: Self(digits: .small(-small), scale: value.scale)
        default: Self(isNegative: !value.isNegative, value.long.magnitude, scale: value.scale)
        }
    }

    package static func - (one: Self, other: Self) -> Self { one + -other }

    package static func * (one: Self, other: Self) -> Self {
        let scale = one.scale + other.scale
        if case .small(let left) = one.digits, case .small(let right) = other.digits {
            let (product, overflow) = left.multipliedReportingOverflow(by: right)
            if !overflow { return Self(small: product, scale: scale) }
        }
        let (left, right) = (one.long, other.long)
        return Self(isNegative: left.isNegative != right.isNegative, left.magnitude.multiplied(by: right.magnitude), scale: scale)
    }

    package static func += (one: inout Self, other: Self) { one = one + other }
    package static func -= (one: inout Self, other: Self) { one = one - other }

    /// The quotient to `scale` places, half to even: the one operation that rounds. The divisor must not be zero.
    package func divided(by divisor: Self, scale: Int = 18) -> Self {
        precondition(!divisor.isZero, "division by zero")
        // self ÷ divisor = (digits × 10^(scale - own scale + divisor's scale) ÷ divisor's digits) ÷ 10^scale
        let shift = scale - self.scale + divisor.scale
        if case .small(let numerator) = digits, case .small(let denominator) = divisor.digits,
            let top = Self.raise(numerator, by: max(0, shift)), let bottom = Self.raise(denominator, by: max(0, -shift))
        {
            return Self(small: Self.roundedQuotient(top, bottom), scale: scale)
        }
        let (top, bottom) = (long, divisor.long)
        let quotient = top.magnitude.raised(by: max(0, shift)).rounded(dividingBy: bottom.magnitude.raised(by: max(0, -shift)))
        return Self(isNegative: top.isNegative != bottom.isNegative, quotient, scale: scale)
    }

    /// The number to `scale` places, half to even.
    package func rounded(scale: Int) -> Self { self.scale <= scale ? self : divided(by: 1, scale: scale) }

    private static func roundedQuotient(_ top: Int128, _ bottom: Int128) -> Int128 {
        let (quotient, remainder) = quotient(top.magnitude, bottom.magnitude)
        let rest = bottom.magnitude - remainder
        let up = remainder > rest || (remainder == rest && quotient % 2 == 1)
        // At most 2^127 + 1 by size: only a numerator of .min over 1 comes near, and nothing makes one.
        let rounded = Int128(quotient + (up ? 1 : 0))
        return (top < 0) != (bottom < 0) ? -rounded : rounded
    }

    /// Most amounts are short, and a division of 128 bits costs ten of 64.
    private static func quotient(_ top: UInt128, _ bottom: UInt128) -> (quotient: UInt128, remainder: UInt128) {
        guard let shortTop = UInt64(exactly: top), let shortBottom = UInt64(exactly: bottom) else {
            return top.quotientAndRemainder(dividingBy: bottom)
        }
        let (quotient, remainder) = shortTop.quotientAndRemainder(dividingBy: shortBottom)
        return (UInt128(quotient), UInt128(remainder))
    }

    private static func longSum(_ one: Self, _ other: Self) -> Self {
        let scale = max(one.scale, other.scale)
        let (left, right) = (one.long, other.long)
        let (first, second) = (left.magnitude.raised(by: scale - one.scale), right.magnitude.raised(by: scale - other.scale))
        if left.isNegative == right.isNegative { return Self(isNegative: left.isNegative, first.adding(second), scale: scale) }
        return first < second
            ? Self(isNegative: right.isNegative, second.subtracting(first), scale: scale)
            : Self(isNegative: left.isNegative, first.subtracting(second), scale: scale)
    }

    /// value × 10^places; nil when that does not fit.
    private static func raise(_ value: Int128, by places: Int) -> Int128? {
        guard places > 0 else { return value }
        guard places < powers.count else { return value == 0 ? 0 : nil }
        let (raised, overflow) = value.multipliedReportingOverflow(by: powers[places])
        return overflow || raised == .min ? nil : raised
    }

    /// 10^0 … 10^38, all that fit 128 bits.
    private static let powers: [Int128] = (0..<38).reduce(into: [1]) { powers, _ in powers.append(powers[powers.count - 1] * 10) }
}
