import Kernel
import Web

/// Which days of a unit metric are shown, by what.
struct UnitChoice: Sendable {
    let start: String
    let end: String
    let granularity: String
    let days: Int?

    static let spans = [7, 30, 90, 365]

    init(_ guest: Guest) {
        func day(_ name: String) -> String? {
            guest.query(name).flatMap { $0.utf8.count == 10 && Timestamp($0 + "T00:00:00Z") != nil ? $0 : nil }
        }
        let asked = guest.query("granularity") ?? ""
        granularity = CostsChoice.granularities.contains(asked) ? asked : "day"
        if let start = day("start_date"), let end = day("end_date"), start <= end {
            (self.start, self.end, days) = (start, end, nil)
            return
        }
        let count = guest.query("days").flatMap { Int($0) }.flatMap { Self.spans.contains($0) ? $0 : nil } ?? 30
        days = count
        start = String(guest.at.adding(days: Int64(1 - count)).description.prefix(10))
        end = String(guest.at.description.prefix(10))
    }

    var query: String { "start_date=\(start)&end_date=\(end)&granularity=\(granularity)" }
}

/// The answer of `GET /unit/metric/{id}`, every number of it to the last digit.
struct UnitReading: Sendable {
    struct Point: Sendable {
        let label: String
        let numerator: ExactDecimal?
        let denominator: ExactDecimal?
        let value: ExactDecimal?
        let previousNumerator: ExactDecimal?
        let previousDenominator: ExactDecimal?
        let previous: ExactDecimal?
    }

    private static let numbers: [StaticString] = [
        "current_timeframe_numerator", "current_timeframe_denominator", "current_timeframe_unit_metric", "previous_timeframe_numerator",
        "previous_timeframe_denominator", "previous_timeframe_unit_metric", "pop_change",
    ]

    let points: [Point]
    let granularity: String
    let amount: Amount
    /// The numbers of each point as the answer writes them.
    private let texts: [[String]]
    /// Whether both sides add up over buckets.
    private let addsUp: Bool

    init(_ answer: CompactJSON, granularity: String, currency: String?) {
        let rows = (answer["data"]?.array ?? []).map { $0.values(of: Self.numbers + ["date", "n_agg_func", "d_agg_func"]) }
        let texts = rows.map { row in row.prefix(Self.numbers.count).map { $0.map(Self.text) ?? "" } }
        points = zip(rows, texts).map { row, texts in
            let numbers = texts.map { ExactDecimal($0) }
            return Point(
                label: row[7].map(Self.text) ?? "", numerator: numbers[0], denominator: numbers[1], value: numbers[2],
                previousNumerator: numbers[3], previousDenominator: numbers[4], previous: numbers[5])
        }
        self.texts = texts
        self.granularity = granularity
        amount = Amount(currency: currency)
        addsUp = rows.allSatisfy { $0[8]?.string == "SUM" && $0[9]?.string == "SUM" }
    }

    private static func text(_ json: CompactJSON) -> String {
        json.string ?? (json.isNull ? "" : String(decoding: json.utf8, as: UTF8.self))
    }

    /// The ratio of the totals, never a mean of ratios; nil where a side does not add up or nothing was counted.
    var total: ExactDecimal? { ratio(points.map(\.numerator), points.map(\.denominator)) }
    var previousTotal: ExactDecimal? { ratio(points.map(\.previousNumerator), points.map(\.previousDenominator)) }

    private func ratio(_ numerators: [ExactDecimal?], _ denominators: [ExactDecimal?]) -> ExactDecimal? {
        let below = denominators.compactMap(\.self).reduce(ExactDecimal.zero, +)
        guard addsUp, !below.isZero, numerators.contains(where: { $0 != nil }) else { return nil }
        return numerators.compactMap(\.self).reduce(ExactDecimal.zero, +).divided(by: below)
    }

    var table: ChartTable {
        ChartTable(
            head: [granularity, "numerator", "denominator", "value", "numerator before", "denominator before", "value before", "change"],
            lines: zip(points, texts).map { [ChartTable.date($0.label)] + $1 })
    }
}

/// What the page of one unit metric says.
struct UnitMetricContent: Sendable {
    let name: String
    let about: String?
    let words: String
    let start: String
    let end: String
    let granularities: [Choice]
    let spans: [CostsContent.Period]
    let total: CostsBreakdown.Figure?
    let previous: CostsBreakdown.Figure?
    let change: String?
    let last: CostsBreakdown.Figure?
    let hasValues: Bool
    let chart: ChartPart
    var notice: String?
    var error: String?
    var form: FormPart?
    var deletion: String?

    init(_ metric: JSON, _ reading: UnitReading, _ sides: UnitSides, _ choice: UnitChoice, _ markers: (shown: [PageMarker], hasMore: Bool))
    {
        let id = metric.text("id")
        name = metric.text("name")
        about = metric.text("description").isEmpty ? nil : metric.text("description")
        words = "\(sides.words(metric["numerator"])) by \(sides.words(metric["denominator"]))"
        (start, end) = (choice.start, choice.end)
        granularities = CostsChoice.granularities.map {
            Choice(value: $0, label: CostsBreakdown.label($0), isChosen: $0 == choice.granularity)
        }
        spans = UnitChoice.spans.map { days in
            CostsContent.Period(
                label: days == 365 ? "12 months" : "\(days) days",
                address: "\(UnitMetricsPage.address(id))?days=\(days)&granularity=\(choice.granularity)",
                isChosen: choice.days == days)
        }
        let amount = reading.amount
        (total, previous) = (reading.total.map { .init($0, amount) }, reading.previousTotal.map { .init($0, amount) })
        if let now = reading.total, let before = reading.previousTotal, !before.isZero {
            change = Amount.percent((now - before).divided(by: before.isNegative ? -before : before))
        } else {
            change = nil
        }
        last = reading.points.last { $0.value != nil }?.value.map { .init($0, amount) }
        hasValues = reading.points.contains { $0.value != nil || $0.previous != nil }
        let slots = reading.points.map { BucketName.slot($0.label, choice.granularity) }
        var chart = Chart(
            id: "unit", title: "\(metric.text("name")) by \(choice.granularity)",
            description:
                "\(words), \(choice.start) to \(choice.end), with the period before as a dashed line. The table below has every number.",
            amount: amount, slots: slots)
        chart.lines = [
            .init(series: .init(name: "The period before", colour: 0, values: reading.points.map(\.previous)), isDashed: true),
            .init(series: .init(name: "This period", colour: 1, values: reading.points.map(\.value)), isDashed: false),
        ]
        chart.markers = PageMarker.placed(markers.shown, in: Self.buckets(reading.points.map(\.label), end: choice.end))
        self.chart = ChartPart(
            [.init(chart)], reading.table, csv: "\(UnitMetricsPage.address(id, "data.csv"))?\(choice.query)", markers: markers)
    }

    /// From where each bucket begins to where the next does.
    private static func buckets(_ labels: [String], end: String) -> some Sequence<Range<Timestamp>?> {
        func start(_ label: String) -> Timestamp? {
            let digits = Array(label.utf8)
            func part(_ range: Range<Int>) -> String { String(decoding: digits[range], as: UTF8.self) }
            guard digits.count >= 8 else { return nil }
            return Timestamp("\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(digits.count >= 10 ? part(8..<10) : "00"):00:00Z")
        }
        let last = Timestamp(end + "T00:00:00Z")?.adding(days: 1)
        return labels.indices.lazy.map { place in
            guard let from = start(labels[place]), let to = place + 1 < labels.count ? start(labels[place + 1]) : last, from < to else {
                return nil
            }
            return from..<to
        }
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="page-head"><div><p class="crumb"><a href="/app/unit-metrics">Unit metrics</a></p><h1>{{page.name}}</h1><p>{{#page.about}}{{.}} {{/page.about}}<span class="muted">{{page.words}}</span></p></div></div>
        {{#page.notice}}<p class="notice good" role="status">{{.}}</p>{{/page.notice}}
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        <div class="stack">
        <section class="card" aria-label="What is shown">
        <ul class="chips" aria-label="Period">{{#page.spans}}<li><a href="{{address}}"{{#isChosen}} aria-current="true"{{/isChosen}}>{{label}}</a></li>{{/page.spans}}</ul>
        <form method="get"><div class="controls">
        <div><label for="start_date">From</label><input id="start_date" name="start_date" type="date" value="{{page.start}}"></div>
        <div><label for="end_date">To, included</label><input id="end_date" name="end_date" type="date" value="{{page.end}}"></div>
        <div><label for="granularity">By</label><select id="granularity" name="granularity">{{#page.granularities}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.granularities}}</select></div>
        <div class="go"><button type="submit" id="apply">Show</button></div></div></form></section>
        <section class="card" aria-label="Value over time">
        <dl class="figures">{{#page.total}}<div><dt>This period</dt><dd id="total"><data value="{{exact}}" title="{{exact}}">{{text}}</data></dd></div>{{/page.total}}
        {{#page.previous}}<div><dt>Period before</dt><dd id="previous"><data value="{{exact}}" title="{{exact}}">{{text}}</data></dd></div>{{/page.previous}}
        {{#page.change}}<div><dt>Change</dt><dd>{{.}}</dd></div>{{/page.change}}
        {{#page.last}}<div><dt>Latest value</dt><dd><data value="{{exact}}" title="{{exact}}">{{text}}</data></dd></div>{{/page.last}}</dl>
        {{^page.hasValues}}<p class="notice">There is no value in this period: a bucket without a denominator has none.</p>{{/page.hasValues}}
        {{#page.chart}}{{> chart-part}}{{/page.chart}}
        </section>
        {{#page.form}}{{> form-part}}{{/page.form}}
        {{#page.deletion}}<form method="post" action="{{.}}">{{> form-fields}}<button class="plain danger" data-confirm="Delete this unit metric? Costs and streams stay.">Delete this unit metric</button></form>{{/page.deletion}}
        </div>
        {{/main}}{{/frame}}
        """
}
