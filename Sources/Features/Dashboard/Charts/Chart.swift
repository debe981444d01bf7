import Kernel

/// What a chart shows: buckets from left to right, parts stacked on each other, lines over them, markers across.
///
/// It is drawn twice, for a phone and for a desktop, and the style sheet shows the one that fits: text that shrinks with the drawing cannot be
/// read. Colours are classes of the style sheet, so one drawing does for light and dark.
struct Chart: Sendable {
    struct Slot: Sendable {
        /// `3 Mar 2026`.
        let name: String
        /// `3 Mar`, for the axis.
        let short: String
    }

    /// Values by bucket; nil where there is none.
    struct Series: Sendable {
        let name: String
        /// 0 is the colour of all that is not told apart; 1 to `colours`.
        let colour: Int
        let values: [ExactDecimal?]
        /// The same for drawing.
        let heights: [Double?]

        init(name: String, colour: Int, values: [ExactDecimal?]) {
            (self.name, self.colour, self.values) = (name, colour, values)
            heights = values.map { $0?.drawn }
        }
    }

    struct Line: Sendable {
        let series: Series
        /// What it is compared with is dashed.
        let isDashed: Bool
    }

    struct Marker: Sendable {
        /// In buckets from the left, a fraction for a moment within one.
        let place: Double
        /// Its number in the list below.
        let number: Int
        let title: String
    }

    /// How many parts have a colour of their own.
    static let colours = 6

    let id: String
    let title: String
    let description: String
    let amount: Amount
    let slots: [Slot]
    var bars: [Series] = []
    var lines: [Line] = []
    var markers: [Marker] = []

    /// Both drawings.
    var html: String {
        "<div class=\"chart\">\(ChartDrawing(self, .wide).svg)\(ChartDrawing(self, .narrow).svg)</div>"
    }

    /// The lowest and highest place that something is drawn at.
    var extent: (low: Double, high: Double) {
        var (low, high) = (0.0, 0.0)
        for slot in slots.indices {
            var (below, above) = (0.0, 0.0)
            for bar in bars {
                guard let height = bar.heights[slot] else { continue }
                if height > 0 { above += height } else { below += height }
            }
            (low, high) = (min(low, below), max(high, above))
        }
        for height in lines.flatMap(\.series.heights).compactMap({ $0 }) { (low, high) = (min(low, height), max(high, height)) }
        return (low, high)
    }

    /// What a bucket says when it is pointed at, in UTF-8, not escaped.
    func words(of slot: Int) -> [UInt8] {
        var words = Array(slots[slot].name.utf8)
        func add(_ name: String?, _ value: ExactDecimal?) {
            words.append(UInt8(ascii: "\n"))
            if let name {
                words.append(contentsOf: name.utf8)
                words.append(contentsOf: ": ".utf8)
            }
            if let value { amount.write(value, to: &words) } else { words.append(contentsOf: "no value".utf8) }
        }
        if !bars.isEmpty { add(nil, bars.reduce(.zero) { $0 + ($1.values[slot] ?? .zero) }) }
        for line in lines { add(line.series.name, line.series.values[slot]) }
        if bars.count > 1 {
            for bar in bars { if let value = bar.values[slot], !value.isZero { add(bar.name, value) } }
        }
        return words
    }
}
