import Foundation
import Kernel
import Storage
import Web

/// A report as a file, written while its rows are made anew from the log. The change log, which is as long as the log, goes out as it
/// comes; the rows of the other sections wait for their turn.
struct ReportContent: Sendable {
    let report: ComplianceReport
    let sections: [ReportSection]
    /// Only this section's rows.
    let only: String?
    let format: ReportFormat

    func write(_ period: ReportPeriod, _ chain: ReportChain, _ call: Call, to writer: StreamWriter) async throws {
        let wanted = sections.filter { only == nil || $0.name == only }
        var tallies = ReportTallies(wanted, period)
        var waiting = wanted.map { _ in [ReportRow]() }
        let page = ReportPage(report: report, format: format, isWhole: only == nil)
        try await writer.write(page.beginning)
        if let first = wanted.first { try await writer.write(page.opening(first, isFirst: true)) }
        var isFirstRow = true
        try await ReportPass(tenant: report.tenant, period: period, chain: chain).run(call) { events in
            for (index, rows) in tallies.take(events).enumerated() where !rows.isEmpty {
                guard index == 0 else {
                    waiting[index] += rows
                    continue
                }
                try await writer.write(page.rows(rows, wanted[0], isFirst: isFirstRow))
                isFirstRow = false
            }
        }
        for (index, last) in tallies.end().enumerated() {
            if index > 0 { try await writer.write(page.opening(wanted[index], isFirst: false)) }
            let rows = page.rows(waiting[index] + last, wanted[index], isFirst: index > 0 || isFirstRow)
            try await writer.write(rows + page.closing(wanted[index]))
        }
        try await writer.write(page.end)
    }
}

/// How the parts of a report look in each format.
private struct ReportPage {
    let report: ComplianceReport
    let format: ReportFormat
    /// A CSV of one section is a plain table.
    let isWhole: Bool

    var beginning: [UInt8] {
        switch format {
        case .csv: return []
        case .json:
            var json = JSONWriter(capacity: 8192)
            json.object { json in
                json.field("format", ComplianceReport.statementFormat)
                json.field("generated_at", report.generatedAt)
                json.field("manifest", report.manifest)
                json.field("algorithm", "Ed25519")
                json.field("key_id", AuditSigner.keyID(of: report.publicKey))
                json.field("public_key", Data(report.publicKey).base64EncodedString())
                json.field("signature", Data(report.signature).base64EncodedString())
            }
            return json.bytes.dropLast() + Array(",\"sections\":[".utf8)
        case .html: return Array(ReportHTML.head(report).utf8)
        }
    }

    var end: [UInt8] {
        switch format {
        case .csv: []
        case .json: Array("\n]}\n".utf8)
        case .html: Array(ReportHTML.foot.utf8)
        }
    }

    func opening(_ section: ReportSection, isFirst: Bool) -> [UInt8] {
        switch format {
        case .json: Array("\(isFirst ? "" : ",")\n{\"name\":\"\(section.name)\",\"rows\":[".utf8)
        case .html: Array(ReportHTML.opening(section).utf8)
        case .csv:
            (isWhole ? Self.line([section.name, section.title, section.criteria.joined(separator: " "), section.query]) : [])
                + (section.columns.isEmpty ? [] : Self.line(section.columns))
        }
    }

    func closing(_ section: ReportSection) -> [UInt8] {
        switch format {
        case .json: Array("]}".utf8)
        case .html: Array(ReportHTML.closing(section).utf8)
        case .csv: isWhole ? section.gaps.flatMap { Self.line(["gap", $0]) } + Self.line([]) : []
        }
    }

    func rows(_ rows: [ReportRow], _ section: ReportSection, isFirst: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        for (index, row) in rows.enumerated() {
            switch format {
            case .json:
                if !isFirst || index > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes.append(UInt8(ascii: "\n"))
                bytes += row.canonical
            case .csv: bytes += Self.line(row.cells(section.columns))
            case .html: bytes += ReportHTML.row(row.cells(section.columns)).utf8
            }
        }
        return bytes
    }

    /// RFC 4180. Text that a spreadsheet would take for a formula gets an apostrophe before it.
    private static func line(_ cells: [String]) -> [UInt8] {
        let quoted = cells.map { text in
            let isFormula = text.utf8.first.map { "=+-@\t\r".utf8.contains($0) } ?? false
            let safe = isFormula ? "'" + text : text
            guard safe.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else { return safe }
            return "\"" + safe.replacing("\"", with: "\"\"") + "\""
        }
        return Array((quoted.joined(separator: ",") + "\r\n").utf8)
    }
}

extension ReportRow {
    /// Text as it is, null as nothing, everything else as JSON.
    fileprivate func cells(_ columns: [String]) -> [String] {
        let row = (try? JSONParser.parse(canonical)) ?? .null  // written by ourselves
        return columns.map { column in
            switch row[column] ?? .null {
            case .null: ""
            case .string(let text): text
            case let value: String(decoding: value.canonicalBytes, as: UTF8.self)
            }
        }
    }
}
