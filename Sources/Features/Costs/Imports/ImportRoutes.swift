import Foundation
import HTTPTypes
import Kernel
import Storage
package import Web

package struct ImportRoutes: Sendable {
    /// Bytes of a file, packed or plain.
    private static let limit = 2 << 30

    private let importer: CostImporter

    package init(importer: CostImporter) { self.importer = importer }

    package var all: [Route] {
        [
            Route(
                .post, "/v1/costs/imports", .scope(.costsWrite), "Import a bill",
                details: """
                    The body is the bill itself: CSV of FOCUS 1.0, 1.1 or 1.2, plain or in gzip, at most 2 GiB. Columns that FOCUS does not know are \
                    kept. All of it is imported or nothing, and the answer names line and column of what is wrong. A bill takes the place of \
                    what was imported before for the same provider, billing account and billing period.
                    """,
                query: [
                    .init("name", .string(1...200, .text, "What to call it, such as the file's name.")),
                    .init("skip_bad_rows", .boolean("Leaves out rows that cannot be read, and lists the first hundred.")),
                    .init(
                        "replaces",
                        .choice(
                            of: CostImport.Replacing.self,
                            "`period` takes the place of the same bills; `name` only of imports of the same name, for bills in several files."
                        )),
                    .wait,
                ],
                body: .file(["text/csv", "application/gzip", "application/octet-stream"], limit: Self.limit),
                answers: [
                    .init(status: 202, description: "Taken; `status` tells how far it is.", schema: CostImport.schema)
                ], problems: [.forbidden], handler: create),
            Route(
                .get, "/v1/costs/imports", .scope(.costsRead), "List imports",
                query: ListEnvelope.parameters(sort: CostImport.sortFields), answers: [.list(of: CostImport.schema)],
                problems: [.forbidden], handler: list),
            Route(
                .get, "/v1/costs/imports/{id}", .scope(.costsRead), "Read an import", answers: [.ok(CostImport.schema)],
                problems: [.forbidden], handler: get),
            Route(
                .delete, "/v1/costs/imports/{id}", .scope(.costsWrite), "Delete an import and its rows", answers: [.noContent()],
                problems: [.forbidden, .invalidState], handler: delete),
        ]
    }

    private func create(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        guard let file = call.file else { throw Problem(.invalidParameter, "The body is missing.") }
        let draft = CostImport(
            id: call.attribution.makeID(), name: call.query["name"] ?? "", status: .queued,
            replacing: call.query["replaces"].flatMap { .init(rawValue: $0) } ?? .period,
            skipsBadRows: call.query["skip_bad_rows"] == "true",
            bytes: file.size, createdAt: call.at)
        let path = importer.path(of: draft.id)
        try FileManager.default.moveItem(atPath: file.path, toPath: path)
        importer.syncFolder()
        let answer = try await call.commit { connection in
            try CostImport.create(draft, file: path, by: call.attribution, connection)
            var answer = Answer.json(.accepted, draft)
            answer.headers[.location] = "/v1/costs/imports/\(draft.id)"
            return answer
        }
        guard call.wait > .zero else { return answer }
        await wait(for: draft.id, path: path, call)
        var seen = answer
        seen.body = try await Answer.json(.accepted, call.read { try CostImport.find(draft.id, in: call.caller.tenant, $0) }).body
        return seen
    }

    /// Reads the bill at once; returns when it is over or the time is up. The import goes on by itself then, so it is no child task.
    private func wait(for id: CostImportID, path: String, _ call: Call) async {
        let (done, end) = AsyncStream.makeStream(of: Void.self)
        let tenant = call.caller.tenant
        Task { [importer] in
            try? await importer.perform(id, in: tenant, path: path)  // what failed stands in the import
            end.finish()
        }
        await withTaskGroup { group in
            group.addTask { for await _ in done {} }
            group.addTask { try? await call.surroundings.sleep(call.wait) }  // ends early when cancelled
            await group.next()
            group.cancelAll()
        }
    }

    private func list(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.viewer)
        let request = try call.pageRequest()
        return call.answer(try await call.read { try CostImport.list(request, in: call.caller.tenant, $0) })
    }

    private func get(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.viewer)
        return .json(.ok, try await call.read { try CostImport.find(call.id(), in: call.caller.tenant, $0) })
    }

    private func delete(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        return try await call.commit { connection in
            try CostImport.find(call.id(), in: call.caller.tenant, connection).delete(by: call.attribution, connection)
            return .noContent
        }
    }
}
