import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Settings → Data streams: where a customer's own numbers come in.
///
/// The API lists every stream's token, since filters and teams name streams by it. A page is looked at over shoulders: it shows the token
/// once, when the stream is made, and its ends afterwards.
struct StreamSettings: Sendable {
    let pages: DashboardPages
    private static let tab = SettingsPage.Tab.streams

    func add(to router: Router<RequestScope>) {
        router.get("/app/settings/streams") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/settings/streams") { request, scope in
            await pages.acting(request, scope, create) { try await show($0, problem: $1) }
        }
        router.get("/app/settings/streams/{id}") { request, scope in await pages.signedIn(request, scope) { try await open($0) } }
        router.post("/app/settings/streams/{id}") { request, scope in
            await pages.acting(request, scope, rename) { try await open($0, problem: $1) }
        }
        router.post("/app/settings/streams/{id}/deletion") { request, scope in await pages.signedIn(request, scope, delete) }
    }

    private func show(_ visit: Visit, problem: Problem? = nil, fresh: FreshSecretPanel? = nil, notice: String? = nil) async throws
        -> Response
    {
        let number = visit.guest.page()
        let (items, hasMore) = try await visit.list("/v1/streams", query: ["sort": "name"], page: number)
        var content = SettingsPage.Content(
            Self.tab,
            "A stream takes your own numbers, such as orders or customers, for unit metrics. Programs send hourly points with its token.")
        content.fresh = fresh
        content.notice = notice ?? (visit.query("done") == nil ? nil : "The stream and its points are deleted.")
        content.error = problem?.detail
        if visit.may(.streamsWrite, as: .editor) {
            let form = FormPart(
                title: "Make a stream", action: Self.tab.path, submit: "Make stream", id: "make-stream",
                fields: [.text("name", "Name", placeholder: "shop", most: 120, isRequired: true)])
            content.forms = [problem == nil ? form : form.filled(from: visit.form)]
        }
        var rows: [TablePart.Row] = []
        for stream in items {
            let data = try await StreamData.read(stream.text("id"), visit)
            rows.append(
                .init(
                    id: stream.text("id"),
                    cells: [
                        .name(stream.text("name"), Self.masked(stream.text("data_stream_token")), link: Self.tab.path(stream.text("id"))),
                        .text(data.metrics), .text(data.last), .text(stream.day("created_at")),
                    ]))
        }
        content.tables = [
            TablePart(
                "Data streams", columns: ["Name", "Metrics", "Last data", "Made"], rows: rows,
                pager: Pager(number, hasMore: hasMore, path: Self.tab.path))
        ]
        return visit.settings(content, status: problem?.code.status ?? (fresh == nil ? 200 : 201))
    }

    /// `dst_Ab12…9xYz`.
    static func masked(_ token: String) -> String { "\(token.prefix(8))…\(token.suffix(4))" }

    private func create(_ visit: Visit) async throws -> Response {
        let (json, isReplay) = try await visit.send(.post, "/v1/streams", body: ["name": .string(visit.form.text("name"))])
        guard !isReplay else { return try await show(visit, notice: Visit.sentBefore) }
        let token = json.text("data_stream_token")
        let point = """
            {"data_stream_token": "\(token)", "metric_agg_func": "Sum", "data": [{"timestamp": "\(visit.at.floored(toSeconds: 3600))", "metric_name": "orders", "metric_value": 12}]}
            """
        return try await show(
            visit,
            fresh: FreshSecretPanel(
                title: "“\(json.text("name"))” is ready", about: "Copy the stream’s token now: pages show it once.", label: "Stream token",
                secret: token,
                example:
                    "curl \(pages.look.baseURL)/streams/ingest -H \"x-api-key: $CLOUD_API_KEY\" -H 'Content-Type: application/json' -d '\(point)'",
                address: Self.tab.path))
    }

    private func open(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let id = visit.parameter()
        let stream = try await visit.get("/v1/streams/{id}", ["id": id])
        let metrics = try await visit.get("/v1/streams/{id}/metrics", ["id": id])["data"]?.array ?? []
        var content = SettingsPage.Content(Self.tab, "\(id), made \(stream.day("created_at")).", title: stream.text("name"))
        content.error = problem?.detail
        content.notice = visit.query("done") == nil ? nil : "The stream is renamed."
        content.tables = [
            TablePart(
                "Metrics", columns: ["Metric", "Function", "Series", "Points", "Dimensions", "Last data"],
                rows: metrics.map { metric in
                    .init(
                        id: metric.text("metric_name"),
                        cells: [
                            .name(metric.text("metric_name")), .text(metric.text("metric_agg_func")),
                            .text(Words.count(Int(metric["series"]?.integer ?? 0))),
                            .text(Words.count(Int(metric["points"]?.integer ?? 0))),
                            .text(metric.texts("dimensions").joined(separator: ", ")), .text(metric.when("last_at", at: visit.at)),
                        ])
                }, none: "No points yet")
        ]
        if visit.may(.streamsWrite, as: .editor) {
            content.forms = [
                FormPart(
                    title: "Rename", action: Self.tab.path(id), submit: "Save",
                    fields: [.text("name", "Name", stream.text("name"), most: 120, isRequired: true)])
            ]
            content.more = [
                FormPart(
                    title: "Delete the stream", about: "Its points go with it; unit metrics over it have no values any more.",
                    action: Self.tab.path(id, "deletion"), submit: "Delete", isDangerous: true, fields: [])
            ]
        }
        return visit.settings(content, status: problem?.code.status ?? 200)
    }

    private func rename(_ visit: Visit) async throws -> Response {
        try await visit.send(.patch, "/v1/streams/{id}", ["id": visit.parameter()], body: ["name": .string(visit.form.text("name"))])
        return Response.seeOther(Self.tab.path(visit.parameter()) + "?done=renamed")
    }

    private func delete(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard visit.isConfirmed else {
            let stream = try await visit.get("/v1/streams/{id}", ["id": id])
            return visit.ask(
                "Delete “\(stream.text("name"))”?", "Its points go with it. This cannot be undone.", "Delete the stream",
                at: Self.tab.path(id, "deletion"), orBackTo: Self.tab.path(id), section: .settings)
        }
        try await visit.send(.delete, "/v1/streams/{id}", ["id": id])
        return Response.seeOther(Self.tab.path + "?done=deleted")
    }
}

/// What a stream has, in a few words.
struct StreamData: Sendable {
    let metrics: String
    let last: String
    let names: [String]

    static func read(_ id: String, _ visit: Visit) async throws -> StreamData {
        let metrics = try await visit.get("/v1/streams/{id}/metrics", ["id": id])["data"]?.array ?? []
        let names = metrics.map { $0.text("metric_name") }
        let shown = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
        let last = metrics.compactMap { $0["last_at"]?.string.flatMap { Timestamp($0) } }.max()
        return StreamData(
            metrics: names.isEmpty ? "None" : shown, last: last.map { Words.since($0, at: visit.at) } ?? "No data yet", names: names)
    }
}
