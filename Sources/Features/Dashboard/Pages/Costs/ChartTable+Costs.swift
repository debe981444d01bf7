import Kernel

extension ChartTable {
    /// A line for each bucket: the whole, what it is compared with, each of the parts, and where `isCumulative` what it has come to by then.
    init(_ answer: CostsAnswer, _ parts: [CostsAnswer.Part], isCumulative: Bool) {
        let isCompared = answer.total.previous != nil
        var head = [answer.granularity, "cost (\(answer.currency))"]
        if isCompared { head += ["compared with", "cost then", "difference", "change"] }
        if isCumulative { head += ["added up"] + (isCompared ? ["added up then"] : []) }
        let added = CostsChart.added(answer.points.map(\.costs.current))
        let addedBefore = CostsChart.added(answer.points.map { $0.costs.previous ?? .zero })
        let lines = answer.points.enumerated().map { index, point in
            var line = [point.date.map(Self.date) ?? "", point.costs.current.description]
            if isCompared {
                line += [
                    point.previousDate.map(Self.date) ?? "", point.costs.previous?.description ?? "",
                    point.costs.difference?.description ?? "", point.costs.change?.description ?? "",
                ]
            }
            if isCumulative { line += [added[index].description] + (isCompared ? [addedBefore[index].description] : []) }
            return line + parts.map { index < $0.values.count ? $0.values[index].description : "" }
        }
        self.init(head: head + parts.map(\.name), lines: lines)
    }

    /// `2026-03-01`, `2026-03-01 05:00`.
    static func date(_ label: String) -> String {
        let digits = Array(label.utf8)
        func part(_ range: Range<Int>) -> String { String(decoding: digits[range], as: UTF8.self) }
        guard digits.count >= 8 else { return label }
        let day = "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))"
        return digits.count >= 10 ? "\(day) \(part(8..<10)):00" : day
    }
}
