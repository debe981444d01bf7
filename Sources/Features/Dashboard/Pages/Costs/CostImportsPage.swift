import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Bills: bring one in, see what became of each, take one back.
struct CostImportsPage: Sendable {
    static let path = "/app/costs/imports"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/costs/imports") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/costs/imports") { request, scope in await pages.uploaded(request, scope, take) }
        router.post("/app/costs/imports/{id}/deletion") { request, scope in await pages.signedIn(request, scope, delete) }
        router.get("/app/costs/imports/{id}/deletion") { _, _ in Response.seeOther(Self.path) }
    }

    private struct Content: Sendable {
        let error: String?
        let notice: String?
        let mayImport: Bool
        let imports: [Row]
        let isEmpty: Bool
        /// Whether some are on their way: the page asks to be loaded again.
        let isBusy: Bool
        let pager: Pager?
    }

    fileprivate struct Row: Sendable {
        let id: String
        let name: String
        let state: String
        let badge: String
        let rows: String
        let details: [String]
        let hasDetails: Bool
        let problems: String
        let created: String
        let mayDelete: Bool
    }

    private func show(_ visit: Visit, error: Problem? = nil) async throws -> Response {
        let number = visit.guest.page()
        let (items, hasMore) = try await visit.list("/v1/costs/imports", query: ["sort": "-created_at"], page: number)
        let mayImport = visit.caller.scopes.contains(.costsWrite) && (try? visit.caller.requireWorkspace(.admin)) != nil
        let rows = items.map { Row($0, mayDelete: mayImport, at: visit.at) }
        let notices = ["taken": "The bill is taken; the list says what became of it.", "deleted": "The import and its rows are deleted."]
        let content = Content(
            error: error?.detail, notice: visit.query("done").flatMap { notices[$0] }, mayImport: mayImport, imports: rows,
            isEmpty: rows.isEmpty, isBusy: items.contains { ["queued", "running"].contains($0["status"]?.string) },
            pager: Pager(number, hasMore: hasMore, path: Self.path))
        return visit.page("cost-imports", "Imported bills", section: .costs, status: .init(code: error?.code.status ?? 200), content)
    }

    private func take(_ visit: Visit, _ upload: Upload, _ form: Form, _ fileName: String) async throws -> Response {
        let name = form.text("name").isEmpty ? String(fileName.prefix(200)) : form.text("name")
        do {
            guard !fileName.isEmpty else { throw Problem(.validationFailed, "Choose a file.") }
            try await visit.send(
                file: RequestBody(asyncSequence: UploadedFile(upload: upload)), .post, "/v1/costs/imports", once: form["once"] ?? "",
                query: [
                    "name": name, "skip_bad_rows": form["skip_bad_rows"], "replaces": form["replaces"],
                    // Most bills are read in the time a person waits anyway; the page then shows what became of it.
                    "wait": "5s",
                ])
            return Response.seeOther(Self.path + "?done=taken")
        } catch let problem as Problem where [400, 413, 415, 422].contains(problem.code.status) {
            return try await show(visit, error: problem)
        }
    }

    private func delete(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard visit.isConfirmed else {
            let bill = try await visit.get("/v1/costs/imports/{id}", ["id": id])
            return visit.ask(
                "Delete the import “\(bill["name"]?.string ?? "")”?", "Its rows leave every cost view at once.", "Delete the import",
                at: "\(Self.path)/\(PercentEncoding.encode(id))/deletion", orBackTo: Self.path, section: .costs)
        }
        do {
            try await visit.send(.delete, "/v1/costs/imports/{id}", ["id": id])
            return Response.seeOther(Self.path + "?done=deleted")
        } catch let problem as Problem where problem.code.status == 409 {
            return try await show(visit, error: problem)
        }
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="page-head"><div><p class="crumb"><a href="/app/costs">Costs</a></p><h1>Imported bills</h1><p>Bills in the form of FOCUS, from any provider. All of a bill comes in or nothing of it.</p></div></div>
        {{#page.notice}}<p class="notice good" role="status">{{.}}</p>{{/page.notice}}
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        <div class="stack">
        {{#page.mayImport}}
        <form class="card" method="post" action="\(path)" enctype="multipart/form-data">{{> form-fields}}
        <div class="card-head"><div><h2>Import a bill</h2><p>CSV of FOCUS 1.0, 1.1 or 1.2, plain or in gzip, up to 2 GiB.</p></div></div>
        <div class="fields">
        <div class="field"><label for="import-name">Name <span class="muted">(optional)</span></label><input id="import-name" name="name" maxlength="200" placeholder="The file’s name" autocomplete="off"></div>
        <div class="field"><label for="replaces">Takes the place of</label><select id="replaces" name="replaces"><option value="period">earlier bills of the same period</option><option value="name">earlier imports of this name</option></select></div>
        <div class="field"><label class="tick-box"><input type="checkbox" name="skip_bad_rows" value="true">Leave out rows that cannot be read</label></div>
        <div class="field"><label for="file">File</label><input id="file" name="file" type="file" accept=".csv,.gz,text/csv,application/gzip" required></div>
        </div><div class="actions"><button type="submit" id="import-bill">Import</button></div></form>
        {{/page.mayImport}}
        {{#page.isBusy}}<p class="notice" role="status">A bill is being read. <a href="\(path)">Look again</a></p>{{/page.isBusy}}
        {{#page.isEmpty}}<section class="card empty"><h3>No bills yet</h3><p>What your own price book charges is counted without any.</p></section>{{/page.isEmpty}}
        {{^page.isEmpty}}
        <section class="card table-card" aria-label="Imports"><form method="post" action="\(path)">{{> form-fields}}
        <table class="reflow"><thead><tr><th scope="col">Name</th><th scope="col">State</th><th scope="col" class="number">Rows</th><th scope="col">About</th><th scope="col">Taken</th><th scope="col"><span class="sr">Actions</span></th></tr></thead><tbody>
        {{#page.imports}}
        <tr data-import="{{id}}"><td><div class="name">{{name}}</div><div class="mono">{{id}}</div></td>
        <td data-label="State"><span class="badge {{badge}}">{{state}}</span></td>
        <td data-label="Rows" class="number">{{rows}}</td>
        <td data-label="About">{{#hasDetails}}<details><summary>{{problems}}</summary><ul>{{#details}}<li>{{.}}</li>{{/details}}</ul></details>{{/hasDetails}}{{^hasDetails}}<span class="muted">{{problems}}</span>{{/hasDetails}}</td>
        <td data-label="Taken" class="when">{{created}}</td>
        <td class="row-actions">{{#mayDelete}}<button class="plain danger" formaction="\(path)/{{id}}/deletion" data-confirm="Delete the import “{{name}}” and its rows?" aria-label="Delete {{name}}">Delete</button>{{/mayDelete}}</td></tr>
        {{/page.imports}}
        </tbody></table></form>
        {{#page}}{{> pager}}{{/page}}
        </section>
        {{/page.isEmpty}}
        </div>
        {{/main}}{{/frame}}
        """
}

extension CostImportsPage.Row {
    fileprivate init(_ json: JSON, mayDelete: Bool, at now: Timestamp) {
        let status = json["status"]?.string ?? ""
        id = json["id"]?.string ?? ""
        name = json["name"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? "Unnamed"
        state = status.prefix(1).uppercased() + status.dropFirst()
        badge = ["succeeded": "good", "failed": "bad", "queued": "warn", "running": "warn"][status] ?? ""
        rows = Words.count(Int(json["rows"]?.integer ?? 0))
        let errors = (json["errors"]?.array ?? []).map { error in
            let line = error["line"]?.integer ?? 0
            let place = line == 0 ? "The file" : "Line \(line)"
            return place + (error["column"]?.string.map { ", column \($0)" } ?? "") + ": " + (error["detail"]?.string ?? "")
        }
        let warnings = (json["warnings"]?.array ?? []).map { warning in
            "\(warning["column"]?.string ?? ""): \(warning["detail"]?.string ?? "") (\(warning["count"]?.integer ?? 0))"
        }
        details = errors + warnings
        hasDetails = !details.isEmpty
        var words: [String] = []
        if !errors.isEmpty { words.append("\(errors.count) \(errors.count == 1 ? "error" : "errors")") }
        if !warnings.isEmpty { words.append("\(warnings.count) \(warnings.count == 1 ? "warning" : "warnings")") }
        let skipped = Int(json["skipped_rows"]?.integer ?? 0)
        let replaced = Int(json["replaced_rows"]?.integer ?? 0)
        if skipped > 0 { words.append("\(Words.count(skipped)) rows left out") }
        if replaced > 0 { words.append("takes the place of \(Words.count(replaced)) rows") }
        problems = words.joined(separator: ", ")
        created = json["created_at"]?.string.flatMap { Timestamp($0) }.map { Words.since($0, at: now) } ?? ""
        self.mayDelete = mayDelete && state != "Queued" && state != "Running"
    }
}
