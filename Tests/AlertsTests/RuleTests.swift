import Alerts
import Kernel
import Testing

@Suite struct `Rules of alerts` {
    private func holds(_ source: String, _ values: [String: String]) throws -> Bool? {
        try Rule(source).holds { use in values[use.text].flatMap { ExactDecimal($0) } }
    }

    @Test func `eighty-five is not greater than eighty-five, however it came about`() throws {
        #expect(try holds("quota_percent > 85", ["quota_percent": "85.0"]) == false)
        #expect(try holds("quota_percent > 85", ["quota_percent": "85.000000000000000001"]) == true)
        #expect(try holds("quota_percent >= 85%", ["quota_percent": "85"]) == true)
        #expect(try holds("quota_used / quota_limit * 100 > 85", ["quota_used": "850", "quota_limit": "1000"]) == false)
        // In binary numbers, 0.1 + 0.2 is more than 0.3.
        #expect(try holds("spend + 0.2 > 0.3", ["spend": "0.1"]) == false)
    }

    @Test(
        arguments: [
            ("requests > 1k", ["requests": "1000"], false), ("requests >= 1k", ["requests": "1000"], true),
            ("spend < 2 and requests > 1", ["spend": "1", "requests": "2"], true),
            ("spend < 2 and requests > 1 or cpu_percent == 5", ["spend": "3", "requests": "2", "cpu_percent": "5.0"], true),
            ("spend < 2 and (requests > 1 or cpu_percent == 5)", ["spend": "3", "requests": "2", "cpu_percent": "5"], false),
            ("(spend + 1) * 2 != 8", ["spend": "3"], false), ("10 - spend - 2 == 5", ["spend": "3"], true),
            (
                "resource_count{kind=\"instance\", power=\"running\"} > 2", ["resource_count{kind=\"instance\",power=\"running\"}": "3"],
                true
            ),
            ("avg(cpu_percent, 5m) > 90", ["avg(cpu_percent,300s)": "90.1"], true),
            ("requests > 2M", ["requests": "2000001"], true),
        ] as [(String, [String: String], Bool)])
    func `mean what they say`(_ source: String, _ values: [String: String], _ expected: Bool) throws {
        #expect(try holds(source, values) == expected)
    }

    @Test func `know nothing where there is no data, unless the rest decides`() throws {
        #expect(try holds("quota_percent > 85", [:]) == nil)
        #expect(try holds("quota_percent > 85 or spend > 1", ["spend": "2"]) == true)
        #expect(try holds("quota_percent > 85 and spend > 1", ["spend": "1"]) == false)
        #expect(try holds("quota_percent > 85 and spend > 1", ["spend": "2"]) == nil)
        #expect(try holds("requests / quota_limit > 1", ["requests": "1", "quota_limit": "0"]) == nil)
    }

    @Test(arguments: [
        ("quota_percent >> 85", 16), ("quota_percent", 14), ("nonsense > 1", 1), ("quota_percent > spend", 15), ("1 > 0", 1),
        ("spend > 1 and", 14), ("(spend > 1", 11), ("spend > 1 $", 11), ("sum(spend, 5m) > 1", 1), ("sum(requests, 5) > 1", 15),
        ("spend > 5x", 10), ("resource_count{color=\"red\"} > 1", 16), ("resource_count{power=\"red\"} > 1", 22), ("", 1),
        ("spend * spend > 1", 7), ("spend > 1.2.3", 9), ("((((((((((spend))))))))))>1", 9), ("spend > 1 spend > 2", 11),
        ("avg(resource_count) > 1", 1), ("max(requests + requests, 5m) > 1", 1), ("sum(sum(requests, 5m), 5m) > 1", 1),
        ("stream > 1", 1), ("spend.x > 1", 1), ("stream. > 1", 9), ("stream.x{a=b} > 1", 12), ("stream.x{a=\"b\",a=\"c\"} > 1", 16),
        ("avg(requests, 5s) > 1", 15), ("avg(3, 5m) > 1", 1), ("pop(cost * 2, 1d) > 1", 1), ("delta(cost, 32d) > 1", 13),
    ])
    func `are refused where they go wrong`(_ source: String, _ column: Int) {
        #expect { try Rule(source) } throws: { ($0 as? RuleError)?.column == column }
    }
}
