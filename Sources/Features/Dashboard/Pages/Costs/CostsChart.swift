import Kernel

/// The chart of the costs page: bars by the breakdown with the period before as a line, or both added up from bucket to bucket.
struct CostsChart: Sendable {
    let drawing: ChartPart.Drawing

    init(_ answer: CostsAnswer, parts: [CostsAnswer.Part], markers: [PageMarker], isCumulative: Bool, period: String) {
        let amount = Amount(currency: answer.currency)
        let points = answer.points.filter { $0.date != nil }
        let unit = answer.granularity
        var chart = Chart(
            id: "costs", title: isCumulative ? "Cost, added up by \(unit)" : "Cost by \(unit)",
            description: Self.words(answer, amount, markers, period), amount: amount,
            slots: points.map { BucketName.slot($0.date ?? "", unit) })
        let isCompared = answer.total.previous != nil
        let before = points.map { $0.costs.previous ?? .zero }
        if isCumulative {
            chart.lines.append(
                .init(series: .init(name: "This period", colour: 1, values: Self.added(points.map(\.costs.current))), isDashed: false))
        } else {
            chart.bars = Self.bars(parts, points)
        }
        if isCompared {
            chart.lines.append(
                .init(series: .init(name: "Compared with", colour: 0, values: isCumulative ? Self.added(before) : before), isDashed: true))
        }
        chart.markers = PageMarker.placed(markers, in: points.lazy.map(\.span))
        drawing = ChartPart.Drawing(chart)
    }

    private static func bars(_ parts: [CostsAnswer.Part], _ points: [CostsAnswer.Point]) -> [Chart.Series] {
        guard !parts.isEmpty else { return [.init(name: "Cost", colour: 1, values: points.map(\.costs.current))] }
        return parts.map { .init(name: $0.name, colour: $0.colour, values: Array($0.values.prefix(points.count))) }
    }

    /// Each value with all before it.
    static func added(_ values: [ExactDecimal]) -> [ExactDecimal] {
        var sum = ExactDecimal.zero
        return values.map { value in
            sum += value
            return sum
        }
    }

    private static func words(_ answer: CostsAnswer, _ amount: Amount, _ markers: [PageMarker], _ period: String) -> String {
        var words = "\(period): \(amount.text(answer.total.current)) in all"
        if let previous = answer.total.previous { words += ", \(amount.text(previous)) in the period compared with" }
        if !markers.isEmpty { words += "; \(markers.count) markers" }
        return words + ". The table below has every number."
    }
}
