/// A whole number of any size, without a sign: limbs of nine decimal digits, the lowest first, none of them zero at the top.
///
/// Decimal limbs because what happens most to a large amount is being read, written and shifted by a power of ten.
struct Magnitude: Sendable, Hashable {
    private(set) var limbs: [UInt32]
    private static let base: UInt64 = 1_000_000_000
    private static let limbDigits = 9

    private init(limbs: [UInt32]) {
        self.limbs = limbs
        while self.limbs.last == 0 { self.limbs.removeLast() }
    }

    init(_ value: UInt128) {
        var limbs: [UInt32] = []
        var rest = value
        while rest > 0 {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: UInt128(Self.base))
            limbs.append(UInt32(remainder))
            rest = quotient
        }
        self.init(limbs: limbs)
    }

    /// Of decimal digits, nothing else.
    init(text: some BidirectionalCollection<UInt8>) {
        let digits = Array(text)
        var limbs: [UInt32] = []
        var end = digits.count
        while end > 0 {
            let start = max(0, end - Self.limbDigits)
            limbs.append(digits[start..<end].reduce(0) { $0 * 10 + UInt32($1 - 48) })
            end = start
        }
        self.init(limbs: limbs)
    }

    var isZero: Bool { limbs.isEmpty }

    /// The value, when it and its negative fit 128 bits.
    var small: Int128? {
        guard limbs.count <= 5 else { return nil }
        var value: Int128 = 0
        for limb in limbs.reversed() {
            let (product, first) = value.multipliedReportingOverflow(by: Int128(Self.base))
            let (sum, second) = product.addingReportingOverflow(Int128(limb))
            if first || second { return nil }
            value = sum
        }
        return value
    }

    /// Its decimal digits; `0` for zero.
    var text: [UInt8] {
        guard let top = limbs.last else { return [48] }
        var text = Array(top.description.utf8)
        for limb in limbs.dropLast().reversed() {
            let digits = Array(limb.description.utf8)
            text.append(contentsOf: repeatElement(48, count: Self.limbDigits - digits.count))
            text.append(contentsOf: digits)
        }
        return text
    }
}

extension Magnitude: Comparable {
    static func < (one: Self, other: Self) -> Bool {
        guard one.limbs.count == other.limbs.count else { return one.limbs.count < other.limbs.count }
        for (left, right) in zip(one.limbs.reversed(), other.limbs.reversed()) where left != right { return left < right }
        return false
    }
}

extension Magnitude {
    func adding(_ other: Self) -> Self {
        var sum: [UInt32] = []
        var carry: UInt64 = 0
        for index in 0..<max(limbs.count, other.limbs.count) {
            let value = UInt64(index < limbs.count ? limbs[index] : 0) + UInt64(index < other.limbs.count ? other.limbs[index] : 0) + carry
            sum.append(UInt32(value % Self.base))
            carry = value / Self.base
        }
        if carry > 0 { sum.append(UInt32(carry)) }
        return Self(limbs: sum)
    }

    /// `other` is not larger.
    func subtracting(_ other: Self) -> Self {
        var difference = limbs
        var borrow: Int64 = 0
        for index in difference.indices {
            var value = Int64(difference[index]) - Int64(index < other.limbs.count ? other.limbs[index] : 0) - borrow
            borrow = value < 0 ? 1 : 0
            if value < 0 { value += Int64(Self.base) }
            difference[index] = UInt32(value)
        }
        return Self(limbs: difference)
    }

    func multiplied(by other: Self) -> Self {
        guard !isZero, !other.isZero else { return Self(limbs: []) }
        var product = [UInt32](repeating: 0, count: limbs.count + other.limbs.count)
        for (place, limb) in limbs.enumerated() {
            var carry: UInt64 = 0
            for (offset, otherLimb) in other.limbs.enumerated() {
                let value = UInt64(product[place + offset]) + UInt64(limb) * UInt64(otherLimb) + carry
                product[place + offset] = UInt32(value % Self.base)
                carry = value / Self.base
            }
            product[place + other.limbs.count] = UInt32(carry)
        }
        return Self(limbs: product)
    }

    /// × 10^places.
    func raised(by places: Int) -> Self {
        guard places > 0, !isZero else { return self }
        let rest = Self(UInt128((0..<places % Self.limbDigits).reduce(1) { value, _ in value * 10 }))
        let raised = multiplied(by: rest)
        return Self(limbs: [UInt32](repeating: 0, count: places / Self.limbDigits) + raised.limbs)
    }

    func divided(bySmall divisor: UInt32) -> (quotient: Self, remainder: UInt32) {
        var quotient = limbs
        var rest: UInt64 = 0
        for index in quotient.indices.reversed() {
            let value = rest * Self.base + UInt64(quotient[index])
            quotient[index] = UInt32(value / UInt64(divisor))
            rest = value % UInt64(divisor)
        }
        return (Self(limbs: quotient), UInt32(rest))
    }

    /// The nearest whole quotient, halves to even.
    func rounded(dividingBy divisor: Self) -> Self {
        let (quotient, remainder) = divided(by: divisor)
        let rest = divisor.subtracting(remainder)
        let isOdd = (quotient.limbs.first ?? 0) % 2 == 1
        return remainder > rest || (remainder == rest && isOdd) ? quotient.adding(Self(1)) : quotient
    }

    /// Long division by hand: each limb of the quotient is found by halving its range. Rare enough that plain beats fast.
    func divided(by divisor: Self) -> (quotient: Self, remainder: Self) {
        var quotient = [UInt32](repeating: 0, count: limbs.count)
        var rest = Self(limbs: [])
        for index in limbs.indices.reversed() {
            rest = Self(limbs: [limbs[index]] + rest.limbs)
            var low: UInt64 = 0
            var high = Self.base
            while high - low > 1 {
                let middle = (low + high) / 2
                if rest < divisor.multiplied(by: Self(UInt128(middle))) { high = middle } else { low = middle }
            }
            quotient[index] = UInt32(low)
            if low > 0 { rest = rest.subtracting(divisor.multiplied(by: Self(UInt128(low)))) }
        }
        return (Self(limbs: quotient), rest)
    }
}
