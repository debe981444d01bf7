import HTTPTypes
import Kernel
import Storage
package import Web

package struct ExportRoutes: Sendable {
    private let cache: ColumnCache

    package init(cache: ColumnCache) { self.cache = cache }

    package var all: [Route] {
        [
            Route(
                .get, "/v1/costs/export", .scope(.costsRead), "Export cost rows",
                details: """
                    Imported bills and own charges as CSV of FOCUS 1.2, streamed; columns that FOCUS does not know come last. Without dates: the month that \
                    runs.
                    """,
                query: [
                    .init("from", .string(10...10, .date, "Charges that begin on this day (UTC) or later.")),
                    .init("to", .string(10...10, .date, "The last day, included.")),
                ], answers: [.file(["text/csv"], "The rows.")], handler: export)
        ]
    }

    private func export(_ call: Call) async throws -> Answer {
        let to = call.query["to"].flatMap(CivilDay.parse) ?? call.at.seconds.floorDivided(by: 86_400)
        let from = call.query["from"].flatMap(CivilDay.parse) ?? Timestamp(seconds: to * 86_400).startOfMonth.seconds / 86_400
        guard from <= to else { throw Problem.invalid(parameter: "to", "The end is before the start.") }
        let export = try await call.scan { [cache] connection in
            try CostExport(
                from: Timestamp(seconds: from * 86_400), to: Timestamp(seconds: (to + 1) * 86_400), in: call.caller.tenant,
                visible: CostVisibility.filters(for: call.caller, connection), cache, connection)
        }
        let name = "attachment; filename=\"costs-\(CivilDay.text(from))-\(CivilDay.text(to)).csv\""
        return .stream(contentType: "text/csv; charset=utf-8; header=present", headers: [.contentDisposition: name]) { writer in
            try await writer.write(export.header)
            for part in 0..<(try await call.scan { try export.parts($0) }) {
                let lines = try await call.scan { try export.lines(part: part, $0) }
                if !lines.isEmpty { try await writer.write(lines) }
            }
        }
    }
}
