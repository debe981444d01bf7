import Foundation
import Kernel

/// Where the lines of a value axis stand: at multiples of 1, 2 or 5 times a power of ten, with zero among them.
///
/// The step is Paul Heckbert's "nice number" (Nice Numbers for Graph Labels, Graphics Gems, 1990, page 61): the range parted into the wished
/// number of spaces, rounded to the nearest of 1, 2, 5 and 10 in its power of ten. The ends are the multiples that hold the range in between.
struct AxisTicks: Sendable, Equatable {
    /// 1, 2 or 5.
    private let factor: Int
    /// Of ten.
    private let exponent: Int
    private let first: Int
    private let last: Int

    /// `wanted` is how many spaces there should be, about. What is no number, or no range, gets an axis from 0 to 1.
    init(from low: Double, to high: Double, wanted: Int = 4) {
        let (low, high) = (min(low, 0), max(high, 0))
        let range = high - low
        guard range.isFinite, range > 1e-80, range < 1e110 else {
            (factor, exponent, first, last) = (1, 0, 0, 1)
            return
        }
        let raw = range / Double(max(1, wanted))
        let power = floor(log10(raw))
        let fraction = raw / pow(10, power)
        let nice = fraction < 1.5 ? 1 : fraction < 3 ? 2 : fraction < 7 ? 5 : 10
        (factor, exponent) = nice == 10 ? (1, Int(power) + 1) : (nice, Int(power))
        let step = Double(factor) * pow(10, Double(exponent))
        // A hair's breadth past a multiple is that multiple: sums of geometry are not exact.
        first = Int((low / step + 1e-9).rounded(.down))
        last = Int((high / step - 1e-9).rounded(.up))
    }

    var low: Double { Double(first) * step }
    var high: Double { Double(last) * step }
    private var step: Double { Double(factor) * pow(10, Double(exponent)) }

    /// From the lowest to the highest, exact.
    var values: [ExactDecimal] {
        (first...last).map { index in
            let mantissa = ExactDecimal(index * factor)
            guard exponent > 0 else { return ExactDecimal("\(index * factor)e\(exponent)") ?? mantissa }
            return mantissa * (ExactDecimal("1e\(exponent)") ?? ExactDecimal(1))
        }
    }

    /// Places behind the point that all ticks need.
    var places: Int { max(0, -exponent) }
}
