package import Kernel

/// One side of a bucket: what was spent or counted, and per how much.
package struct UnitPoint: Sendable, Equatable {
    /// Nil where there is no data.
    package let numerator: ExactDecimal?
    package let denominator: ExactDecimal?

    package init(numerator: ExactDecimal?, denominator: ExactDecimal?) {
        self.numerator = numerator
        self.denominator = denominator
    }

    /// Numerator by denominator, of the whole bucket: never a mean of smaller ratios. Rounded half-even to 18 places. Nil without a numerator,
    /// and where the denominator is nothing or zero: a day nobody reported is not a day that was free.
    package var value: ExactDecimal? {
        guard let numerator, let denominator, !denominator.isZero else { return nil }
        return numerator.divided(by: denominator)
    }
}

/// How something moved from the period before.
package struct PeriodChange: Sendable, Equatable {
    /// Current less previous; nil when either is not known.
    package let difference: ExactDecimal?
    /// The difference by the previous amount, as a fraction: 0.25 is a quarter more. By its size where that is negative, so that the sign
    /// says where it went. From zero to zero is 0; from zero to something has no ratio.
    package let ratio: ExactDecimal?

    package init(from previous: ExactDecimal?, to current: ExactDecimal?) {
        guard let previous, let current else {
            (difference, ratio) = (nil, nil)
            return
        }
        let difference = current - previous
        self.difference = difference
        if previous.isZero {
            ratio = current.isZero ? .zero : nil
        } else {
            ratio = difference.divided(by: previous.isNegative ? -previous : previous)
        }
    }
}
