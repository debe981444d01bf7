import Foundation
import Kernel
import Web

/// The report as one page that prints: no script, nothing loaded from elsewhere.
enum ReportHTML {
    private static let style = """
        body{font:13px/1.45 system-ui,sans-serif;color:#1a1a1a;margin:2rem auto;max-width:80rem;padding:0 1rem}
        h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem;break-after:avoid}
        table{border-collapse:collapse;width:100%;font-size:11px}th,td{border:1px solid #bbb;padding:2px 5px;text-align:left;vertical-align:top;\
        overflow-wrap:anywhere}th{background:#f1f1f1}thead{display:table-header-group}tr{break-inside:avoid}
        .meta{color:#555}code{font-size:11px;overflow-wrap:anywhere}.gap{border-left:3px solid #b36b00;padding-left:.6rem}
        @media print{body{margin:0;max-width:none}@page{size:A4 landscape;margin:12mm}}
        """

    static func head(_ report: ComplianceReport) -> String {
        let manifest = report.manifest
        let text = { (name: String) in escaped(manifest[name]?.string ?? "") }
        let projects = manifest["project_ids"]?.array.map { $0.compactMap(\.string).joined(separator: ", ") } ?? "all"
        let sections = (manifest["sections"]?.array ?? []).map { section in
            let criteria = (section["criteria"]?.array ?? []).compactMap(\.string).joined(separator: ", ")
            return row([
                section["title"]?.string ?? "", criteria,
                section["status"] == "no_data" ? "no data" : "\(section["rows"]?.integer ?? 0) rows",
                section["sha256"]?.string ?? "",
            ])
        }
        return """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><title>SOC 2 evidence, \(text("from")) to \(text("to"))</title>
            <style>\(style)</style></head><body>
            <h1>SOC 2 evidence</h1>
            <p>\(text("from")) to \(text("to")), workspace \(text("workspace_id")) (\(text("mode"))), projects: \(escaped(projects)).</p>
            <p class="meta">Made on <time>\(report.generatedAt)</time>. \(text("notice"))</p>
            <p class="meta">Chain from number \(manifest["chain"]?["from_seq"]?.integer ?? 0)
            <code>\(escaped(manifest["chain"]?["from_hash"]?.string ?? ""))</code> to number \(manifest["chain"]?["to_seq"]?.integer ?? 0)
            <code>\(escaped(manifest["chain"]?["to_hash"]?.string ?? ""))</code>.<br>
            Manifest SHA-256 <code>\(report.manifestHash)</code>, signed (Ed25519, key \(AuditSigner.keyID(of: report.publicKey)))
            <code>\(Data(report.signature).base64EncodedString())</code>.</p>
            <table><thead><tr><th>Section<th>Criteria<th>Rows<th>SHA-256</thead><tbody>
            \(sections.joined())</tbody></table>

            """
    }

    static func opening(_ section: ReportSection) -> String {
        let title =
            "<h2>\(escaped(section.title))</h2><p class=\"meta\">\(escaped(section.criteria.joined(separator: ", "))). Made from: \(escaped(section.query)).</p>\n"
        guard section.collector != nil else { return title + "<p><strong>There is no data for this section.</strong></p>\n" }
        let names = section.columns.map { "<th>" + escaped($0.replacing("_", with: " ")) }.joined()
        return title + "<table><thead><tr>\(names)</thead><tbody>\n"
    }

    static func closing(_ section: ReportSection) -> String {
        (section.collector == nil ? "" : "</tbody></table>\n")
            + section.gaps.map { "<p class=\"gap\">Not told here: \(escaped($0))</p>\n" }.joined()
    }

    static func row(_ cells: [String]) -> String { "<tr>" + cells.map { "<td>" + escaped($0) }.joined() + "\n" }

    static let foot = "</body></html>\n"

    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { "&<>\"'".utf8.contains($0) }) else { return text }
        return text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
            .replacing("'", with: "&#39;")
    }
}
