import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

/// The numbers behind the chart, with all their digits: as a table on the page, and as a file.
struct CostsTable: Sendable {
    private let head: [String]
    private let lines: [[String]]

    init(head: [String], lines: [[String]]) { (self.head, self.lines) = (head, lines) }

    /// A line for each bucket: the whole, what it is compared with, and each of the parts.
    init(_ answer: CostsAnswer, _ parts: [CostsAnswer.Part]) {
        let isCompared = answer.total.previous != nil
        var head = [answer.granularity, "cost (\(answer.currency))"]
        if isCompared { head += ["compared with", "cost then", "difference", "change"] }
        self.head = head + parts.map(\.name)
        lines = answer.points.enumerated().map { index, point in
            var line = [point.date.map(Self.date) ?? "", point.costs.current.description]
            if isCompared {
                line += [
                    point.previousDate.map(Self.date) ?? "", point.costs.previous?.description ?? "",
                    point.costs.difference?.description ?? "", point.costs.change?.description ?? "",
                ]
            }
            return line + parts.map { index < $0.values.count ? $0.values[index].description : "" }
        }
    }

    /// `2026-03-01`, `2026-03-01 05:00`.
    static func date(_ label: String) -> String {
        let digits = Array(label.utf8)
        func part(_ range: Range<Int>) -> String { String(decoding: digits[range], as: UTF8.self) }
        guard digits.count >= 8 else { return label }
        let day = "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))"
        return digits.count >= 10 ? "\(day) \(part(8..<10)):00" : day
    }

    var html: String {
        var html = MarkupWriter()
        html.element("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": "The numbers behind the chart"]) { html in
            html.element("table") { html in
                html.element("thead") { html in
                    html.element("tr") { html in
                        for (column, name) in head.enumerated() {
                            html.element("th", column == 0 ? ["scope": "col"] : ["scope": "col", "class": "number"], text: name)
                        }
                    }
                }
                html.element("tbody") { html in
                    for line in lines {
                        html.element("tr") { html in
                            for (column, cell) in line.enumerated() {
                                html.element("td", column == 0 ? [:] : ["class": "number"], text: cell)
                            }
                        }
                    }
                }
            }
        }
        return html.text
    }

    /// RFC 4180. A cell that a spreadsheet would take for a formula gets an apostrophe; numbers stay what they are.
    func csv(named name: String) -> Response {
        let text = ([head] + lines).map { $0.map(Self.cell).joined(separator: ",") + "\r\n" }.joined()
        var headers: HTTPFields = [
            .contentType: "text/csv; charset=utf-8; header=present", .contentDisposition: "attachment; filename=\"\(name).csv\"",
        ]
        PageHeaders.add(to: &headers, cacheControl: "no-store")
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    private static func cell(_ text: String) -> String {
        var text = text
        if let first = text.first, "=+-@\t\r".contains(first), ExactDecimal(text) == nil { text = "'" + text }
        return text.utf8.contains { [0x22, 0x2C, 0x0D, 0x0A].contains($0) } ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }
}
