import Kernel
import Testing

@testable import Dashboard

@Suite struct `The lines of a value axis` {
    @Test(
        arguments: [
            (0, 10, ["0", "2", "4", "6", "8", "10"]), (0, 7.89, ["0", "2", "4", "6", "8"]),
            (0, 0.0173, ["0", "0.005", "0.01", "0.015", "0.02"]),
            (0, 999, ["0", "200", "400", "600", "800", "1000"]), (-3, 9, ["-4", "-2", "0", "2", "4", "6", "8", "10"]),
            (0, 1_834_567, ["0", "500000", "1000000", "1500000", "2000000"]), (-40, -1, ["-40", "-30", "-20", "-10", "0"]),
            (0, 0, ["0", "1"]),
            (0, .infinity, ["0", "1"]), (.nan, 1, ["0", "1"]), (3, 4, ["0", "1", "2", "3", "4"]), (0, 1e-90, ["0", "1"]),
        ] as [(Double, Double, [String])])
    func `stand at ones, twos and fives of a power of ten, zero among them`(low: Double, high: Double, expected: [String]) {
        #expect(AxisTicks(from: low, to: high, wanted: 5).values.map(\.description) == expected)
    }

    @Test func `hold every value between them`() {
        var value = 0.000_000_7
        while value < 1e12 {
            let ticks = AxisTicks(from: -value / 3, to: value)
            #expect(ticks.low <= -value / 3 && ticks.high >= value && (2...12).contains(ticks.values.count))
            value *= 1.37
        }
    }
}

@Suite struct `A coordinate` {
    @Test(
        arguments: [
            (12.34, "12.3"), (-0.04, "0"), (100, "100"), (1e80, "1000000"), (-1e300, "-1000000"), (.infinity, "1000000"), (.nan, "1000000"),
        ] as [(Double, String)])
    func `is drawn to a tenth, and off the paper when it is out of all bounds`(value: Double, expected: String) {
        #expect(value.drawn == expected)
    }
}

@Suite struct `A number for people` {
    @Test(
        arguments: [
            ("USD", "7.89465234773", "$7.89"), ("USD", "1234567.005", "$1,234,567.00"), ("USD", "-0.5", "−$0.50"), ("EUR", "12", "€12.00"),
            ("CHF", "1000", "1,000.00 CHF"), ("USD", "0.00001234", "$0.000012"), ("USD", "0", "$0.00"), ("JPY", "-1234.5", "−1,234.50 JPY"),
            (nil, "12", "12"), (nil, "0.123456", "0.1235"), (nil, "1234567", "1,234,567"),
        ] as [(String?, String, String)])
    func `is rounded half-even, grouped and dressed in its currency`(currency: String?, value: String, expected: String) throws {
        #expect(Amount(currency: currency).text(try #require(ExactDecimal(value))) == expected)
    }

    @Test(arguments: [("0.5249457", "+52.5 %"), ("-0.1", "−10.0 %"), ("0", "0.0 %"), ("12", "+1,200.0 %")])
    func `is a percentage of a fraction`(fraction: String, expected: String) throws {
        #expect(Amount.percent(try #require(ExactDecimal(fraction))) == expected)
    }

    @Test(arguments: [("1500000", 0, "$1.5M"), ("20000", 0, "$20k"), ("5000", 0, "$5,000"), ("0.5", 1, "$0.5"), ("-2000000000", 0, "−$2B")])
    func `is short on an axis`(value: String, places: Int, expected: String) throws {
        #expect(Amount(currency: "USD").tick(try #require(ExactDecimal(value)), places: places) == expected)
    }
}

@Suite struct `A chart` {
    private func series(_ name: String, _ colour: Int, _ values: String?...) -> Chart.Series {
        Chart.Series(name: name, colour: colour, values: values.map { $0.flatMap { ExactDecimal($0) } })
    }

    private var slots: [Chart.Slot] { (1...3).map { .init(name: "\($0) Mar 2026", short: "\($0) Mar") } }

    private var chart: Chart {
        Chart(id: "cost", title: "Cost by day", description: "Three days.", amount: Amount(currency: "USD"), slots: slots)
    }

    @Test func `of one bar is this drawing`() {
        var one = Chart(
            id: "c", title: "T", description: "D", amount: Amount(currency: nil), slots: [.init(name: "1 Mar 2026", short: "1 Mar")])
        one.bars = [series("All", 1, "4")]
        #expect(
            ChartDrawing(one, .narrow).svg
                == """
                <svg class="narrow" viewBox="0 0 320 230" role="img" aria-labelledby="c-narrow-title c-narrow-about">\
                <title id="c-narrow-title">T</title><desc id="c-narrow-about">D</desc>\
                <path class="grid" d="M14.4 206H314"/><text class="tick" x="8.4" y="210" text-anchor="end">0</text>\
                <path class="grid" d="M14.4 157H314"/><text class="tick" x="8.4" y="161" text-anchor="end">1</text>\
                <path class="grid" d="M14.4 108H314"/><text class="tick" x="8.4" y="112" text-anchor="end">2</text>\
                <path class="grid" d="M14.4 59H314"/><text class="tick" x="8.4" y="63" text-anchor="end">3</text>\
                <path class="grid" d="M14.4 10H314"/><text class="tick" x="8.4" y="14" text-anchor="end">4</text>\
                <text class="tick" x="164.2" y="223" text-anchor="middle">1 Mar</text>\
                <path class="bar s1" d="M47.4 206V10h233.7V206z"/><path class="zero" d="M14.4 206H314"/></svg>
                """)
    }

    @Test func `stacks what is above zero upwards and what is below downwards`() {
        var chart = chart
        chart.bars = [series("A", 1, "2", "1", nil), series("B", 2, "3", "-1", nil), series("C", 3, "1", "-1", nil)]
        #expect(chart.extent.low == -2)
        #expect(chart.extent.high == 6)
        let svg = ChartDrawing(chart, .wide).svg
        #expect(svg.ranges(of: "<path class=\"bar ").count == 3)
        let tops = svg.split(separator: "class=\"bar ").dropFirst().map {
            $0.split(separator: "V").dropFirst().first.map { $0.prefix { $0 != "h" } }
        }
        #expect(Set(tops).count == 3)
    }

    @Test func `leaves gaps in a line where there is no value, and draws a lonely one as a point`() {
        var chart = chart
        chart.lines = [
            .init(series: series("Now", 1, "1", nil, "3"), isDashed: false),
            .init(series: series("Before", 0, "1", "2", "3"), isDashed: true),
        ]
        let svg = ChartDrawing(chart, .wide).svg
        #expect(svg.ranges(of: "<circle class=\"dot s1\"").count == 2)
        let dashed = svg.split(separator: "line s0 dashed\" d=\"").last?.prefix { $0 != "\"" } ?? ""
        #expect(dashed.count { $0 == "M" } == 1)
        #expect(dashed.count { $0 == "L" } == 2)
        #expect(String(decoding: chart.words(of: 1), as: UTF8.self) == "2 Mar 2026\nNow: no value\nBefore: $2.00")
    }

    @Test func `draws markers as lines with a number and a title, within the paper`() {
        var chart = chart
        chart.bars = [series("A", 1, "1", "1", "1")]
        chart.markers = [.init(place: 1.5, number: 1, title: "deploy"), .init(place: 3, number: 2, title: "<script>alert(1)</script>")]
        let svg = ChartDrawing(chart, .wide).svg
        #expect(svg.ranges(of: "<g class=\"marker\">").count == 2)
        #expect(svg.contains("<title>deploy</title>"))
        #expect(svg.contains("<title>&lt;script&gt;alert(1)&lt;/script&gt;</title>"))
        #expect(!svg.contains("<script"))
    }

    @Test func `has a title and a description for who cannot see it, and no style of its own`() {
        var chart = chart
        chart.bars = [series("\"><b>", 1, "1", "2", "3"), series("B", 2, "1", "2", "3")]
        let html = chart.html
        #expect(html.ranges(of: "role=\"img\"").count == 2)
        #expect(html.contains("<title id=\"cost-wide-title\">Cost by day</title><desc id=\"cost-wide-about\">Three days.</desc>"))
        #expect(!html.contains("style=") && !html.contains("<b>") && !html.contains("fill=\"#"))
        #expect(html.contains("&quot;&gt;&lt;b&gt;: $1.00"))
    }

    @Test func `of a year of days names no more days than fit`() {
        let days = (0..<365).map { Chart.Slot(name: "day \($0)", short: "30 Mar") }
        var chart = Chart(id: "y", title: "T", description: "D", amount: Amount(currency: "USD"), slots: days)
        chart.bars = [.init(name: "A", colour: 1, values: days.indices.map { ExactDecimal($0) })]
        let narrow = ChartDrawing(chart, .narrow).svg
        #expect(narrow.ranges(of: "30 Mar").count <= 7)
        #expect(ChartDrawing(chart, .wide).svg.ranges(of: "<rect class=\"slot\"").count == 365)
        #expect(narrow.ranges(of: "<rect").isEmpty)
    }

    @Test func `without any bucket is still a drawing`() {
        let empty = Chart(id: "e", title: "T", description: "D", amount: Amount(currency: "USD"), slots: [])
        #expect(empty.html.contains("<svg"))
    }
}
