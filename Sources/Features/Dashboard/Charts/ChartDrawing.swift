import Kernel

/// A chart on paper of one size. Geometry is doubles; every number that is written comes from an exact decimal.
struct ChartDrawing: Sendable {
    enum Paper: String, Sendable {
        case wide, narrow

        var width: Double { self == .wide ? 820 : 320 }
        var height: Double { self == .wide ? 300 : 230 }
        /// Of one character of an axis label, about.
        var letter: Double { self == .wide ? 6.9 : 6.4 }
        var spaces: Int { self == .wide ? 5 : 4 }
    }

    private let chart: Chart
    private let paper: Paper
    private let ticks: AxisTicks
    private let labels: [String]
    private let left: Double
    private let top: Double

    init(_ chart: Chart, _ paper: Paper) {
        self.chart = chart
        self.paper = paper
        let (low, high) = chart.extent
        ticks = AxisTicks(from: low, to: high, wanted: paper.spaces)
        labels = ticks.values.map { [ticks] in chart.amount.tick($0, places: ticks.places) }
        left = Double(labels.map(\.count).max() ?? 0) * paper.letter + 8
        top = chart.markers.isEmpty ? 10 : 26
    }

    private var bottom: Double { paper.height - 24 }
    private var right: Double { paper.width - 6 }
    private var step: Double { (right - left) / Double(max(1, chart.slots.count)) }

    private func y(_ value: Double) -> Double { bottom - (value - ticks.low) / (ticks.high - ticks.low) * (bottom - top) }
    private func x(_ slot: Double) -> Double { left + slot * step }

    var svg: String {
        let (title, about) = ("\(chart.id)-\(paper.rawValue)-title", "\(chart.id)-\(paper.rawValue)-about")
        var svg = MarkupWriter()
        svg.element(
            "svg",
            [
                "class": paper.rawValue, "viewBox": "0 0 \(paper.width.drawn) \(paper.height.drawn)", "role": "img",
                "aria-labelledby": "\(title) \(about)",
            ]
        ) { svg in
            svg.element("title", ["id": title], text: chart.title)
            svg.element("desc", ["id": about], text: chart.description)
            drawGrid(&svg)
            for bar in bars { svg.element("path", ["class": "bar s\(bar.colour)\(step < 5 ? " thin" : "")", "d": bar.path]) }
            for line in chart.lines { draw(line, &svg) }
            svg.element("path", ["class": "zero", "d": "M\(left.drawn) \(y(0).drawn)H\(right.drawn)"])
            drawSlots(&svg)
            drawMarkers(&svg)
        }
        return svg.text
    }

    // MARK: Axes

    private func drawGrid(_ svg: inout MarkupWriter) {
        for (value, label) in zip(ticks.values, labels) {
            let height = y(value.drawn)
            svg.element("path", ["class": "grid", "d": "M\(left.drawn) \(height.drawn)H\(right.drawn)"])
            svg.element("text", ["class": "tick", "x": (left - 6).drawn, "y": (height + 4).drawn, "text-anchor": "end"], text: label)
        }
        let widest = Double(chart.slots.map(\.short.count).max() ?? 1) * paper.letter + 12
        let every = max(1, Int((widest / step).rounded(.up)))
        for slot in stride(from: 0, to: chart.slots.count, by: every) {
            let middle = x(Double(slot) + 0.5)
            let half = Double(chart.slots[slot].short.count) * paper.letter / 2
            guard middle + half <= paper.width else { continue }
            svg.element(
                "text", ["class": "tick", "x": max(middle, half).drawn, "y": (bottom + 17).drawn, "text-anchor": "middle"],
                text: chart.slots[slot].short)
        }
    }

    /// What a pointer finds: one strip for each bucket. A phone has none to point with.
    private func drawSlots(_ svg: inout MarkupWriter) {
        guard paper == .wide else { return }
        let (y, width, height) = (top.drawn, step.drawn, (bottom - top).drawn)
        for slot in chart.slots.indices {
            svg.element("rect", ["class": "slot", "x": x(Double(slot)).drawn, "y": y, "width": width, "height": height]) {
                $0.element("title", utf8: chart.words(of: slot))
            }
        }
    }

    // MARK: Values

    private struct Bar {
        let colour: Int
        let path: String
    }

    /// All of a part as one path. What is above zero is stacked upwards in the order of the parts, what is below downwards.
    private var bars: [Bar] {
        var above = [Double](repeating: 0, count: chart.slots.count)
        var below = above
        let width = max(step * 0.78, min(step, 1))
        return chart.bars.map { series in
            var path = PathData()
            for (slot, value) in series.heights.enumerated() {
                guard let value, value != 0 else { continue }
                let from = value > 0 ? above[slot] : below[slot]
                if value > 0 { above[slot] += value } else { below[slot] += value }
                let start = x(Double(slot)) + (step - width) / 2
                let (one, other) = (y(from), y(from + value))
                path.add("M", start, one)
                path.add("V", other)
                path.add("h", width)
                path.add("V", one)
                path.close()
            }
            return Bar(colour: series.colour, path: path.text)
        }
    }

    /// Gaps where there is no value; a value between two gaps is a point.
    private func draw(_ line: Chart.Line, _ svg: inout MarkupWriter) {
        let name = "line s\(line.series.colour)\(line.isDashed ? " dashed" : "")"
        var path = PathData()
        var isDown = false
        var alone: [(Double, Double)] = []
        let values = line.series.heights
        for (slot, value) in values.enumerated() {
            guard let value else {
                isDown = false
                continue
            }
            let point = (x(Double(slot) + 0.5), y(value))
            let hasNext = slot + 1 < values.count && values[slot + 1] != nil
            if !isDown, !hasNext { alone.append(point) }
            path.add(isDown ? "L" : "M", point.0, point.1)
            isDown = true
        }
        svg.element("path", ["class": name, "d": path.text])
        for point in alone {
            svg.element("circle", ["class": "dot s\(line.series.colour)", "cx": point.0.drawn, "cy": point.1.drawn, "r": "3"])
        }
    }

    /// Numbers that would hide each other stand one below the other.
    private func drawMarkers(_ svg: inout MarkupWriter) {
        var (last, level) = (-Double.infinity, 0)
        for marker in chart.markers {
            let place = min(max(x(marker.place), left + 8), right - 8)
            level = place - last < 17 ? min(level + 1, 8) : 0
            last = place
            draw(marker, at: place, height: top - 9 + Double(level) * 17, &svg)
        }
    }

    private func draw(_ marker: Chart.Marker, at place: Double, height: Double, _ svg: inout MarkupWriter) {
        svg.element("g", ["class": "marker"]) { svg in
            svg.element("title", text: marker.title)
            svg.element("path", ["d": "M\(place.drawn) \(top.drawn)V\(bottom.drawn)"])
            svg.element("circle", ["cx": place.drawn, "cy": height.drawn, "r": "8"])
            svg.element("text", ["x": place.drawn, "y": (height + 3.8).drawn, "text-anchor": "middle"], text: String(marker.number))
        }
    }
}
