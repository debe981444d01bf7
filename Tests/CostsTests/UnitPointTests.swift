import Costs
import Kernel
import Testing

@Suite struct `The arithmetic of a unit metric` {
    @Test(
        arguments: [
            ("100", "125", "25", "0.25"), ("0", "0", "0", "0"), ("0", "5", "5", nil), ("-10", "-5", "5", "0.5"),
            ("-10", "-15", "-5", "-0.5"),
            ("3", "2", "-1", "-0.333333333333333333"),
        ] as [(String, String, String, String?)])
    func `compares with the period before`(previous: String, current: String, difference: String, ratio: String?) {
        let change = PeriodChange(from: ExactDecimal(previous), to: ExactDecimal(current))
        #expect(change.difference == ExactDecimal(difference) && change.ratio == ratio.flatMap { ExactDecimal($0) })
    }

    @Test func `compares nothing with nothing`() {
        #expect(PeriodChange(from: nil, to: 1) == PeriodChange(from: 1, to: nil))
        #expect(PeriodChange(from: nil, to: 1).difference == nil && PeriodChange(from: nil, to: nil).ratio == nil)
    }

    @Test func `divides the bucket's sums, and nothing by zero`() {
        #expect(UnitPoint(numerator: 1250, denominator: 5000).value == ExactDecimal("0.25"))
        #expect(UnitPoint(numerator: 1, denominator: 3).value == ExactDecimal("0.333333333333333333"))
        #expect(UnitPoint(numerator: 0, denominator: 3).value == .zero)
        for denominator in [ExactDecimal?.none, .zero] { #expect(UnitPoint(numerator: 1, denominator: denominator).value == nil) }
        #expect(UnitPoint(numerator: nil, denominator: 3).value == nil)
    }
}
