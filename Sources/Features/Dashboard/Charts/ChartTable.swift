import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

/// The numbers behind a chart, with all their digits: as a table on the page, and as a file.
struct ChartTable: Sendable {
    private let head: [String]
    private let lines: [[String]]

    init(head: [String], lines: [[String]]) { (self.head, self.lines) = (head, lines) }

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
