import Kernel
import Testing

@Suite struct `Exact decimals` {
    @Test func `compute what an independent implementation computes, to the last digit`() throws {
        for entry in DecimalTable.entries {
            let one = try #require(ExactDecimal(entry.one))
            let other = try #require(ExactDecimal(entry.other))
            #expect((one + other).description == entry.sum, "\(entry.one) + \(entry.other)")
            #expect((one - other).description == entry.difference, "\(entry.one) - \(entry.other)")
            #expect((one * other).description == entry.product, "\(entry.one) × \(entry.other)")
            if let quotient = entry.quotient {
                #expect(one.divided(by: other).description == quotient, "\(entry.one) ÷ \(entry.other)")
            }
            #expect((one < other) == entry.difference.hasPrefix("-"), "\(entry.one) < \(entry.other)")
        }
    }

    @Test func `keep the laws of arithmetic past every size`() {
        var random = SystemRandomNumberGenerator()
        func any() -> ExactDecimal {
            let digits = (0..<Int.random(in: 1...45, using: &random)).map { _ in String(Int.random(in: 0...9, using: &random)) }.joined()
            let text = "\(Bool.random(using: &random) ? "-" : "")\(digits)E-\(Int.random(in: 0...25, using: &random))"
            return ExactDecimal(text) ?? .zero
        }
        for _ in 0..<300 {
            let (a, b, c) = (any(), any(), any())
            #expect(a + b == b + a && a * b == b * a, "\(a) \(b)")
            #expect((a + b) + c == a + (b + c), "\(a) \(b) \(c)")
            #expect((a + b) * c == a * c + b * c, "\(a) \(b) \(c)")
            #expect(a + b - b == a && a - a == .zero, "\(a) \(b)")
            #expect(ExactDecimal(a.description) == a, "\(a)")
            #expect((a + b).hashValue == (b + a).hashValue)
            if !b.isZero { #expect((a.rounded(scale: 18) * b).divided(by: b) == a.rounded(scale: 18), "\(a) \(b)") }
        }
    }

    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("+7", "7"), ("007.500", "7.5"), ("1e3", "1000"), ("1.5E-7", "0.00000015"), ("-12.30e+1", "-123"),
        ("0.000", "0"), ("0e99", "0"), ("100", "100"),
        ("1234567890123456789012345678901234567890.5", "1234567890123456789012345678901234567890.5"),
    ])
    func `read plain numbers and exponents, and write them plainly`(text: String, plain: String) {
        #expect(ExactDecimal(text)?.description == plain)
    }

    @Test(arguments: [
        "", "-", ".", "1.", ".5", "1..2", "1,5", " 1", "1 ", "1e", "1e+", "e5", "0x1", "NaN", "inf", "1e999999", "1e101", "٣", "--1",
        "1e1.5",
    ])
    func `read nothing else`(text: String) {
        #expect(ExactDecimal(text) == nil)
    }

    @Test func `show as many places as asked for, and never round to do so`() {
        #expect(ExactDecimal("0.007")?.formatted(minimumPlaces: 4) == "0.0070")
        #expect(ExactDecimal("5")?.formatted(minimumPlaces: 2) == "5.00")
        #expect(ExactDecimal("-0.12345")?.formatted(minimumPlaces: 2) == "-0.12345")
        #expect(ExactDecimal.zero.formatted(minimumPlaces: 2) == "0.00")
    }

    @Test(arguments: [("0.5", "0"), ("1.5", "2"), ("2.5", "2"), ("-0.5", "0"), ("-1.5", "-2"), ("0.51", "1"), ("-2.51", "-3")])
    func `round halves to even`(text: String, rounded: String) {
        #expect(ExactDecimal(text)?.rounded(scale: 0).description == rounded)
    }

    @Test func `are JSON strings, and equal however they came about`() {
        var json = JSONWriter()
        json.object { $0.field("amount", ExactDecimal("0.10")) }
        #expect(String(decoding: json.bytes, as: UTF8.self) == #"{"amount":"0.1"}"#)
        #expect(ExactDecimal(5) == 5 && Set([ExactDecimal("1.0"), ExactDecimal("1"), ExactDecimal("10e-1")]).count == 1)
        #expect(ExactDecimal(UInt64.max).description == "18446744073709551615")
    }
}
