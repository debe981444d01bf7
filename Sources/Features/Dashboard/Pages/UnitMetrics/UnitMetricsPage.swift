import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Unit Metrics Lab: what something costs for each of something else, over time.
struct UnitMetricsPage: Sendable {
    static let path = "/app/unit-metrics"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/unit-metrics") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/unit-metrics") { request, scope in
            await pages.acting(request, scope, create) { try await show($0, problem: $1) }
        }
        router.get("/app/unit-metrics/{id}") { request, scope in await pages.signedIn(request, scope) { try await open($0) } }
        router.get("/app/unit-metrics/{id}/data.csv") { request, scope in await pages.signedIn(request, scope, table) }
        router.post("/app/unit-metrics/{id}") { request, scope in
            await pages.acting(request, scope, change) { try await open($0, problem: $1) }
        }
        router.post("/app/unit-metrics/{id}/deletion") { request, scope in await pages.signedIn(request, scope, delete) }
    }

    static func address(_ id: String, _ verb: String? = nil) -> String {
        "\(path)/\(PercentEncoding.encode(id))" + (verb.map { "/" + $0 } ?? "")
    }

    // MARK: All

    private struct List: Sendable {
        let notice: String?
        let error: String?
        let form: FormPart?
        let metrics: TablePart
        let streams: TablePart?
    }

    private func show(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let number = visit.guest.page()
        let (items, hasMore) = try await visit.list("/v1/unit-metrics", page: number)
        let sides = try await UnitSides.read(visit)
        let rows = items.map { metric in
            TablePart.Row(
                id: metric.text("id"),
                cells: [
                    .name(metric.text("name"), metric.text("id"), link: Self.address(metric.text("id"))),
                    .text("\(sides.words(metric["numerator"])) by \(sides.words(metric["denominator"]))"), .text(metric.day("created_at")),
                ])
        }
        var form: FormPart?
        if visit.may(.costsWrite, as: .editor) {
            form = sides.form(title: "New unit metric", action: Self.path, submit: "Make it", .null)
            form?.place = .new
            form?.isOpen = items.isEmpty
            if problem != nil { form = form?.filled(from: visit.form) }
        }
        let content = List(
            notice: visit.query("done") == nil ? nil : "The unit metric is deleted.", error: problem?.detail, form: form,
            metrics: TablePart(
                "Unit metrics", columns: ["Name", "Is", "Made"], rows: rows, pager: Pager(number, hasMore: hasMore, path: Self.path)),
            streams: try await Self.streams(sides.streams, visit))
        return visit.page("unit-metrics", "Unit metrics", section: .unitMetrics, status: .init(code: problem?.code.status ?? 200), content)
    }

    /// What there is to divide by: each stream with its last data.
    private static func streams(_ streams: [JSON], _ visit: Visit) async throws -> TablePart? {
        guard visit.may(.streamsRead) else { return nil }
        var rows: [TablePart.Row] = []
        for stream in streams.prefix(25) {
            let data = try await StreamData.read(stream.text("id"), visit)
            rows.append(
                .init(
                    id: stream.text("id"),
                    cells: [
                        .name(
                            stream.text("name"), StreamSettings.masked(stream.text("data_stream_token")),
                            link: SettingsPage.Tab.streams.path(stream.text("id"))), .text(data.metrics), .text(data.last),
                    ]))
        }
        return TablePart(
            "Data streams", about: "Your own numbers come in through streams. Make one under Settings; its token is shown once.",
            columns: ["Name", "Metrics", "Last data"], rows: rows)
    }

    private func create(_ visit: Visit) async throws -> Response {
        let made = try await visit.send(.post, "/v1/unit-metrics", body: UnitSides.body(visit.form)).json
        return Response.seeOther(Self.address(made.text("id")))
    }

    // MARK: One

    private func open(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let id = visit.parameter()
        let metric = try await visit.get("/v1/unit-metrics/{id}", ["id": id])
        let sides = try await UnitSides.read(visit)
        let choice = UnitChoice(visit.guest)
        let reading = try await read(visit, id, metric, sides, choice)
        let (from, to) = (choice.start + "T00:00:00Z", Timestamp(choice.end + "T00:00:00Z")?.adding(days: 1).description)
        let markers = try await PageMarker.read(visit, from: from, to: to)
        var content = UnitMetricContent(metric, reading, sides, choice, markers)
        content.error = problem?.detail
        content.notice = visit.query("done") == nil ? nil : "The unit metric is changed."
        if visit.may(.costsWrite, as: .editor) {
            var form = sides.form(title: "Edit", action: Self.address(id), submit: "Save", metric)
            form.place = .folded
            content.form = problem == nil ? form : form.filled(from: visit.form)
            content.deletion = Self.address(id, "deletion")
        }
        return visit.page(
            "unit-metric", metric.text("name"), section: .unitMetrics, status: .init(code: problem?.code.status ?? 200), content)
    }

    private func read(_ visit: Visit, _ id: String, _ metric: JSON, _ sides: UnitSides, _ choice: UnitChoice) async throws -> UnitReading {
        UnitReading(
            try await visit.getCompact(
                "/unit/metric/{metric_id}", ["metric_id": id],
                [("start_date", choice.start), ("end_date", choice.end), ("granularity", choice.granularity)]),
            granularity: choice.granularity, currency: sides.currency(of: metric))
    }

    private func table(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        let choice = UnitChoice(visit.guest)
        let metric = try await visit.get("/v1/unit-metrics/{id}", ["id": id])
        let reading = try await read(visit, id, metric, try await UnitSides.read(visit), choice)
        return reading.table.csv(named: "unit-metric-\(choice.start)-\(choice.end)")
    }

    private func change(_ visit: Visit) async throws -> Response {
        try await visit.send(.patch, "/v1/unit-metrics/{id}", ["id": visit.parameter()], body: UnitSides.body(visit.form))
        return Response.seeOther(Self.address(visit.parameter()) + "?done=changed")
    }

    private func delete(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard visit.isConfirmed else {
            let metric = try await visit.get("/v1/unit-metrics/{id}", ["id": id])
            return visit.ask(
                "Delete “\(metric.text("name"))”?", "Costs and streams stay.", "Delete the unit metric", at: Self.address(id, "deletion"),
                orBackTo: Self.address(id), section: .unitMetrics)
        }
        try await visit.send(.delete, "/v1/unit-metrics/{id}", ["id": id])
        return Response.seeOther(Self.path + "?done=deleted")
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="has-new"><div class="page-head"><div><h1>Unit metrics</h1><p>What something costs for each order, customer or request: a numerator by a denominator, over time.</p></div></div>
        {{#page.notice}}<p class="notice good" role="status">{{.}}</p>{{/page.notice}}
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        <div class="stack">
        {{#page.form}}{{> form-part}}{{/page.form}}
        {{#page.metrics}}{{> table-part}}{{/page.metrics}}
        {{#page.streams}}{{> table-part}}{{/page.streams}}
        </div></div>
        {{/main}}{{/frame}}
        """
}
