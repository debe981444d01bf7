extension ExactDecimal {
    /// `mantissa` ÷ 10^`scale`. For who keeps columns of amounts: a whole column shares one scale.
    package init(mantissa: Int128, scale: Int) { self.init(small: mantissa, scale: scale) }

    /// Mantissa and scale of the shortest form; nil when the mantissa does not fit 128 bits.
    package var parts: (mantissa: Int128, scale: Int)? {
        guard case .small(let mantissa) = digits else { return nil }
        return (mantissa, scale)
    }

    /// 10^0 … 10^37.
    package static let powersOfTen: [Int128] = (0..<37).reduce(into: [1]) { powers, _ in powers.append(powers[powers.count - 1] * 10) }
}
