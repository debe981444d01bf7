/// What is drawn, with the numbers behind it as a table and as a file. A page shows no chart but through this, so none goes without.
struct ChartPart: Sendable {
    /// One chart; a part has several where they share their numbers.
    struct Drawing: Sendable {
        /// Above it, where there are several.
        let heading: String?
        let html: String
        let legend: [Entry]
        let hasLegend: Bool

        init(_ chart: Chart, heading: String? = nil) {
            (self.heading, html) = (heading, chart.html)
            var legend = chart.bars.map { Entry(swatch: "s\($0.colour)", name: $0.name) }
            legend += chart.lines.map { Entry(swatch: $0.isDashed ? "dashed" : "solid s\($0.series.colour)", name: $0.series.name) }
            self.legend = legend
            hasLegend = heading == nil || legend.count > 1
        }
    }

    struct Entry: Sendable {
        let swatch: String
        let name: String
    }

    let drawings: [Drawing]
    let markers: [PageMarker]
    let hasMarkers: Bool
    let hasMoreMarkers: Bool
    /// Where the numbers are from.
    let note: String?
    let table: String
    let csvLink: String

    init(
        _ drawings: [Drawing], _ table: ChartTable, csv csvLink: String, markers: (shown: [PageMarker], hasMore: Bool) = ([], false),
        note: String? = nil
    ) {
        (self.drawings, self.csvLink, self.note) = (drawings, csvLink, note)
        self.table = table.html
        (self.markers, hasMarkers, hasMoreMarkers) = (markers.shown, !markers.shown.isEmpty, markers.hasMore)
    }

    static let template = """
        {{#drawings}}{{#heading}}<h3 class="chart-title">{{.}}</h3>{{/heading}}{{{html}}}
        {{#hasLegend}}<ul class="legend">{{#legend}}<li><span class="swatch {{swatch}}"></span>{{name}}</li>{{/legend}}</ul>{{/hasLegend}}{{/drawings}}
        {{> markers}}
        {{#hasMoreMarkers}}<p class="hint">The latest markers of the period are shown.</p>{{/hasMoreMarkers}}
        {{#note}}<p class="hint">{{.}}</p>{{/note}}
        <details class="behind"><summary>The numbers behind the chart</summary>{{{table}}}</details>
        <p class="hint"><a href="{{csvLink}}">Download these numbers as CSV</a></p>
        """
}
