import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Settings → Tag catalogs: which tags there should be.
struct CatalogSettings: Sendable {
    let pages: DashboardPages
    private static let tab = SettingsPage.Tab.catalogs

    func add(to router: Router<RequestScope>) {
        router.get("/app/settings/tag-catalogs") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/settings/tag-catalogs") { request, scope in
            await pages.acting(request, scope, create) { try await show($0, problem: $1) }
        }
        router.get("/app/settings/tag-catalogs/{id}") { request, scope in await pages.signedIn(request, scope) { try await open($0) } }
        router.post("/app/settings/tag-catalogs/{id}") { request, scope in
            await pages.acting(request, scope, change) { try await open($0, problem: $1) }
        }
        router.post("/app/settings/tag-catalogs/{id}/deletion") { request, scope in await pages.signedIn(request, scope, delete) }
    }

    private func show(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let number = visit.guest.page()
        let (items, hasMore) = try await visit.list("/v1/tag-catalogs", page: number)
        var content = SettingsPage.Content(
            Self.tab, "The keys and values your resources should be tagged with. Programs read them at GET /tag-catalog.")
        content.notice = visit.query("done") == nil ? nil : "The catalog is deleted."
        content.error = problem?.detail
        if visit.may(.costsWrite, as: .admin) {
            let form = Self.form(nil, .null)
            content.forms = [problem == nil ? form : form.filled(from: visit.form)]
        }
        let rows = items.map { catalog in
            TablePart.Row(
                id: catalog.text("id"),
                cells: [
                    .name(
                        catalog.text("name").isEmpty ? catalog.text("catalog_key") : catalog.text("name"), catalog.text("catalog_key"),
                        link: Self.tab.path(catalog.text("id"))),
                    .text(Words.count(catalog["tags"]?.array?.count ?? 0)), .text(catalog.day("updated_at")),
                ])
        }
        content.tables = [
            TablePart(
                "Tag catalogs", columns: ["Name", "Tags", "Changed"], rows: rows,
                pager: Pager(number, hasMore: hasMore, path: Self.tab.path))
        ]
        return visit.settings(content, status: problem?.code.status ?? 200)
    }

    private static func form(_ id: String?, _ catalog: JSON) -> FormPart {
        let tags = (catalog["tags"]?.array ?? []).map { "\($0.text("key"))=\($0.text("value"))" }
        return FormPart(
            title: id == nil ? "Make a catalog" : "Change it", action: id.map { tab.path($0) } ?? tab.path, submit: "Save",
            id: "save-catalog",
            fields: [
                .text("catalog_key", "Key", catalog.text("catalog_key"), hint: "What programs ask for it by.", most: 255),
                .text("name", "Name (optional)", catalog.text("name"), most: 120),
                .area("tags", "Tags", tags.joined(separator: "\n"), hint: "key=value, one a line.", placeholder: "env=prod"),
            ])
    }

    private static func body(_ form: Form) throws -> JSON {
        let tags = try form.lines("tags").map { line -> JSON in
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { throw Problem(.validationFailed, "A tag is written key=value; “\(line.prefix(60))” is not.") }
            return ["key": .string(parts[0]), "value": .string(parts[1])]
        }
        var body: [JSON.Member] = [.init("tags", .array(tags))]
        if !form.text("catalog_key").isEmpty { body.append(.init("catalog_key", .string(form.text("catalog_key")))) }
        if !form.text("name").isEmpty { body.append(.init("name", .string(form.text("name")))) }
        return .object(body)
    }

    private func create(_ visit: Visit) async throws -> Response {
        let made = try await visit.send(.post, "/v1/tag-catalogs", body: Self.body(visit.form)).json
        return Response.seeOther(Self.tab.path(made.text("id")))
    }

    private func open(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let id = visit.parameter()
        let catalog = try await visit.get("/v1/tag-catalogs/{id}", ["id": id])
        let name = catalog.text("name").isEmpty ? catalog.text("catalog_key") : catalog.text("name")
        var content = SettingsPage.Content(Self.tab, "Changed \(catalog.day("updated_at")).", title: name.isEmpty ? id : name)
        content.error = problem?.detail
        content.notice = visit.query("done") == nil ? nil : "The catalog is changed."
        if visit.may(.costsWrite, as: .admin) {
            let form = Self.form(id, catalog)
            content.forms = [problem == nil ? form : form.filled(from: visit.form)]
            content.more = [
                FormPart(
                    title: "Delete the catalog", action: Self.tab.path(id, "deletion"), submit: "Delete", isDangerous: true, fields: [])
            ]
        }
        let rows = (catalog["tags"]?.array ?? []).map {
            TablePart.Row(id: $0.text("key"), cells: [.name($0.text("key")), .text($0.text("value"))])
        }
        content.tables = [TablePart("Tags", columns: ["Key", "Value"], rows: rows)]
        return visit.settings(content, status: problem?.code.status ?? 200)
    }

    private func change(_ visit: Visit) async throws -> Response {
        try await visit.send(.patch, "/v1/tag-catalogs/{id}", ["id": visit.parameter()], body: Self.body(visit.form))
        return Response.seeOther(Self.tab.path(visit.parameter()) + "?done=changed")
    }

    private func delete(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard visit.isConfirmed else {
            _ = try await visit.get("/v1/tag-catalogs/{id}", ["id": id])
            return visit.ask(
                "Delete this catalog?", "Programs that ask for it find nothing.", "Delete the catalog", at: Self.tab.path(id, "deletion"),
                orBackTo: Self.tab.path(id), section: .settings)
        }
        try await visit.send(.delete, "/v1/tag-catalogs/{id}", ["id": id])
        return Response.seeOther(Self.tab.path + "?done=deleted")
    }
}
