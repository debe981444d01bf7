import Events
import Foundation
import HTTPTypes
import Kernel
import Storage
import Web

/// The log as a file, written while it is read: a few hundred rows at a time, whatever its size. It covers what was there when it began.
struct AuditExport {
    enum Format: String, CaseIterable {
        case ndjson
        case csv

        var mediaType: String { self == .csv ? "text/csv" : "application/x-ndjson" }
        var contentType: String { self == .csv ? "text/csv; charset=utf-8; header=present" : mediaType }
    }

    private static let batch = 400

    let query: EventQuery
    let format: Format
    let call: Call

    func answer() async throws -> Answer {
        let end = try await call.read { connection in
            try query.requireKept(connection)
            return try EventLog.head(of: query.tenant, connection)?.sequence ?? 0
        }
        let name = "attachment; filename=\"audit-\(query.tenant.workspace)-\(query.tenant.mode.rawValue)-\(end).\(format.rawValue)\""
        return .stream(contentType: format.contentType, headers: [.contentDisposition: name]) { writer in
            if format == .csv { try await writer.write(Array((EventView.columns.joined(separator: ",") + "\r\n").utf8)) }
            var last = query.after ?? 0
            while let (lines, next) = try await lines(after: last, before: end + 1) {
                try await writer.write(lines)
                last = next
            }
        }
    }

    private func lines(after: Int64, before: Int64) async throws -> (bytes: [UInt8], last: Int64)? {
        try await call.read { [query, format] connection in
            let events = try EventLog.events(
                in: query.tenant, .init(after: after, before: before, limit: Self.batch), matching: query.filter, connection)
            guard let last = events.last else { return nil }
            var bytes: [UInt8] = []
            for event in events { try Self.append(EventView(event, showsPersonal: query.showsPersonal), as: format, to: &bytes) }
            return (bytes, last.sequence)
        }
    }

    private static func append(_ view: EventView, as format: Format, to bytes: inout [UInt8]) {
        switch format {
        case .csv: bytes += view.csvLine.utf8
        case .ndjson:
            var json = JSONWriter(capacity: 1024)
            view.write(to: &json)
            bytes += json.bytes
            bytes.append(UInt8(ascii: "\n"))
        }
    }
}
