import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Making, changing and deleting a cost view.
///
/// A filter is groups of lines. A form without a script cannot grow, so it has the lines there are and three empty ones, each with the number
/// of its group; what is left empty is no line.
struct CostViewForm: Sendable {
    static let path = "/app/costs/views"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/costs/views") { _, _ in Response.seeOther(CostsPage.path) }
        router.get("/app/costs/views/new") { request, scope in
            await pages.signedIn(request, scope) { visit in try answer(visit, Content(id: nil, .null)) }
        }
        router.post("/app/costs/views") { request, scope in await pages.signedIn(request, scope, create) }
        router.get("/app/costs/views/{id}") { request, scope in
            await pages.signedIn(request, scope) { visit in
                try answer(visit, Content(id: visit.parameter(), try await visit.get("/v1/cost-views/{id}", ["id": visit.parameter()])))
            }
        }
        router.post("/app/costs/views/{id}") { request, scope in await pages.signedIn(request, scope, update) }
        router.post("/app/costs/views/{id}/deletion") { request, scope in await pages.signedIn(request, scope, delete) }
    }

    private func create(_ visit: Visit) async throws -> Response {
        do {
            let made = try await visit.send(.post, "/v1/cost-views", body: Self.body(visit.form)).json
            return Response.seeOther("\(CostsPage.path)?view=\(made["id"]?.string ?? "")&done=created")
        } catch let problem as Problem where [400, 409, 422].contains(problem.code.status) {
            return try answer(visit, Content(id: nil, Self.body(visit.form), error: problem.detail), problem)
        }
    }

    private func update(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        do {
            try await visit.send(.patch, "/v1/cost-views/{id}", ["id": id], body: Self.body(visit.form))
            return Response.seeOther("\(CostsPage.path)?view=\(PercentEncoding.encode(id))&done=changed")
        } catch let problem as Problem where [400, 409, 422].contains(problem.code.status) {
            return try answer(visit, Content(id: id, Self.body(visit.form), error: problem.detail), problem)
        }
    }

    private func delete(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard visit.isConfirmed else {
            let view = try await visit.get("/v1/cost-views/{id}", ["id": id])
            return visit.ask(
                "Delete “\(view["name"]?.string ?? "")”?", "The costs stay; only this way of looking at them goes.", "Delete the view",
                at: "\(Self.path)/\(PercentEncoding.encode(id))/deletion", orBackTo: CostsPage.path, section: .costs)
        }
        try await visit.send(.delete, "/v1/cost-views/{id}", ["id": id])
        return Response.seeOther("\(CostsPage.path)?done=deleted")
    }

    private func answer(_ visit: Visit, _ content: Content, _ problem: Problem? = nil) throws -> Response {
        try visit.caller.requireWorkspace(.editor)
        return visit.page(
            "cost-view", content.title, section: .costs, status: .init(code: problem?.code.status ?? 200), content)
    }

    /// The form as the API takes it.
    private static func body(_ form: Form) -> JSON {
        var groups: [Int: [JSON]] = [:]
        for number in 0..<lineLimit {
            guard let line = line(number, form) else { continue }
            groups[form["line-\(number)-group"].flatMap { Int($0) } ?? 1, default: []].append(line)
        }
        var group = form.text("group_by")
        if !form.text("tag").isEmpty { group = "tag:" + form.text("tag") }
        return [
            "name": .string(form.text("name")), "description": .string(form.text("description")),
            "filters": .array(groups.sorted { $0.key < $1.key }.map { .array($0.value) }), "cost_type": .string(form.text("cost_type")),
            "amortization": .bool(form["amortization"] == "true"), "exclude": .array(form.all("exclude").map { .string($0) }),
            "granularity": .string(form["granularity"] ?? "day"), "group_by": .array(group.isEmpty ? [] : [.string(group)]),
            "currency": .string(form.text("currency").uppercased()), "zone": .string(form.text("zone")),
        ]
    }

    private static func line(_ number: Int, _ form: Form) -> JSON? {
        let dimension = form.text("line-\(number)-dimension")
        let values = form.text("line-\(number)-values")
        guard !dimension.isEmpty, !values.isEmpty else { return nil }
        let how = form["line-\(number)-how"] ?? "in"
        let isNot = how.hasPrefix("not-")
        let value: JSON.Member =
            switch how.replacing("not-", with: "") {
            case "like": .init("like", .string(values))
            case "regex": .init("regex", .string(values))
            default:
                .init("in", .array(values.split(whereSeparator: \.isNewline).map { $0 == none ? .null : .string(String($0)) }))
            }
        return .object([.init("dimension", .string(dimension)), .init("is_not", .bool(isNot)), value])
    }

    /// How the form writes that there is no value.
    static let none = "(none)"
    static let lineLimit = 60
}

extension CostViewForm {
    struct Line: Sendable {
        let number: Int
        let groups: [Choice]
        let dimension: String
        let hows: [Choice]
        let values: String
    }

    struct Box: Sendable {
        let value: String
        let isTicked: Bool
    }

    struct Content: Sendable {
        let title: String
        let action: String
        let deletion: String?
        let error: String?
        let name: String
        let description: String
        let currency: String
        let zone: String
        let tag: String
        let costTypes: [Choice]
        let isSpread: Bool
        let granularities: [Choice]
        let dimensions: [Choice]
        let exclusions: [Box]
        let lines: [Line]

        /// Of a view as the API answers it, or of the form as it was sent.
        init(id: String?, _ json: JSON, error: String? = nil) {
            self.error = error
            title = id == nil ? "New view" : "Edit view"
            let address = id.map { "\(path)/\(PercentEncoding.encode($0))" }
            action = address ?? path
            deletion = json["is_default"] == true ? nil : address.map { $0 + "/deletion" }
            (name, description) = (json["name"]?.string ?? "", json["description"]?.string ?? "")
            (currency, zone) = (json["currency"]?.string ?? "USD", json["zone"]?.string ?? "UTC")
            let group = json["group_by"]?.array?.first?.string ?? ""
            tag = group.hasPrefix("tag:") ? String(group.dropFirst(4)) : ""
            let type = json["cost_type"]?.string ?? "Unblended"
            let types = ["Unblended", "Amortized", "Public", "Contracted", "Blended", "NetUnblended", "NetAmortized"]
            costTypes = (types.contains(type) ? types : types + [type]).map { Choice(value: $0, label: $0, isChosen: $0 == type) }
            isSpread = json["amortization"] == true
            let unit = json["granularity"]?.string ?? "day"
            granularities = CostsChoice.granularities.map { Choice(value: $0, label: CostsBreakdown.label($0), isChosen: $0 == unit) }
            let isOther = !group.isEmpty && tag.isEmpty && !CostsContent.known.contains(group)
            dimensions = ([""] + CostsContent.known + (isOther ? [group] : [])).map {
                Choice(value: $0, label: $0.isEmpty ? "Nothing" : CostsBreakdown.label($0), isChosen: $0 == group)
            }
            let excluded = Set((json["exclude"]?.array ?? []).compactMap(\.string))
            exclusions = Content.words.map { Box(value: $0, isTicked: excluded.contains($0)) }
            lines = Content.lines(json["filters"])
        }

        private static let words = [
            "taxes", "credits", "refunds", "fees", "discounts", "adjustments", "corrections", "support", "upfront", "recurring",
            "purchases", "unused", "marketplace",
        ]

        private static func lines(_ filters: JSON?) -> [Line] {
            var lines: [Line] = []
            for (index, group) in (filters?.array ?? []).enumerated() {
                for line in group.array ?? [] { lines.append(Line(lines.count, group: index + 1, line)) }
            }
            return lines + (0..<3).map { Line(lines.count + $0, group: 1, .null) }
        }
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="page-head"><div><p class="crumb"><a href="/app/costs">Costs</a></p><h1>{{page.title}}</h1><p>Which costs count, and how they are counted unless you choose otherwise.</p></div></div>
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        <div class="stack">
        <form class="stack" method="post" action="{{page.action}}">{{> form-fields}}
        <section class="card"><div class="fields">
        <div class="field"><label for="name">Name</label><input id="name" name="name" value="{{page.name}}" maxlength="120" required autocomplete="off"></div>
        <div class="field"><label for="description">Description <span class="muted">(optional)</span></label><input id="description" name="description" value="{{page.description}}" maxlength="1000" autocomplete="off"></div>
        <div class="field"><label for="cost_type">Cost</label><select id="cost_type" name="cost_type">{{#page.costTypes}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.costTypes}}</select></div>
        <div class="field"><label for="granularity">By</label><select id="granularity" name="granularity">{{#page.granularities}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.granularities}}</select></div>
        <div class="field"><label for="group_by">Broken down by</label><select id="group_by" name="group_by">{{#page.dimensions}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.dimensions}}</select></div>
        <div class="field"><label for="tag">or by tag</label><input id="tag" name="tag" value="{{page.tag}}" maxlength="100" autocomplete="off"></div>
        <div class="field"><label for="currency">Currency</label><input id="currency" name="currency" value="{{page.currency}}" maxlength="3" minlength="3" required></div>
        <div class="field"><label for="zone">Time zone</label><input id="zone" name="zone" value="{{page.zone}}" maxlength="60" required></div>
        </div>
        <p class="actions"><label class="tick-box"><input type="checkbox" name="amortization" value="true"{{#page.isSpread}} checked{{/page.isSpread}}>Spread commitments over what they cover</label></p></section>
        <section class="card"><div class="card-head"><div><h2>Filter</h2><p>A row counts when all lines of one group hold. Leave lines empty that you do not need.</p></div></div>
        {{#page.lines}}
        <fieldset class="controls filter-line"><legend class="sr">Line {{number}}</legend>
        <div><label for="line-{{number}}-group">Group</label><select id="line-{{number}}-group" name="line-{{number}}-group">{{#groups}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/groups}}</select></div>
        <div><label for="line-{{number}}-dimension">Dimension</label><input id="line-{{number}}-dimension" name="line-{{number}}-dimension" value="{{dimension}}" maxlength="200" list="dimensions" placeholder="service or tag:env" autocomplete="off"></div>
        <div><label for="line-{{number}}-how">Is</label><select id="line-{{number}}-how" name="line-{{number}}-how">{{#hows}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/hows}}</select></div>
        <div><label for="line-{{number}}-values">Value, one a line</label><textarea id="line-{{number}}-values" name="line-{{number}}-values" rows="2">{{values}}</textarea></div>
        </fieldset>
        {{/page.lines}}
        <datalist id="dimensions">{{#page.dimensions}}<option value="{{value}}">{{/page.dimensions}}</datalist>
        <p class="hint">(none) stands for rows without a value; in a pattern % is any text and _ one character.</p></section>
        <section class="card"><div class="card-head"><div><h2>Leave out</h2><p>Nothing is left out unless you say so.</p></div></div>
        <div class="boxes">{{#page.exclusions}}<label class="tick-box"><input type="checkbox" name="exclude" value="{{value}}"{{#isTicked}} checked{{/isTicked}}>{{value}}</label>{{/page.exclusions}}</div>
        <div class="actions"><button type="submit" id="save-view">Save the view</button><a href="/app/costs">Cancel</a></div></section>
        </form>
        {{#page.deletion}}<form method="post" action="{{.}}">{{> form-fields}}<button class="plain danger" data-confirm="Delete this view? The costs stay.">Delete this view</button></form>{{/page.deletion}}
        </div>
        {{/main}}{{/frame}}
        """
}

extension CostViewForm.Line {
    fileprivate init(_ number: Int, group: Int, _ json: JSON) {
        self.number = number
        groups = (1...9).map { Choice(value: String($0), label: String($0), isChosen: $0 == min(group, 9)) }
        dimension = json["dimension"]?.string ?? ""
        var how = "in"
        var text = (json["in"]?.array ?? []).map { $0.string ?? CostViewForm.none }.joined(separator: "\n")
        if let pattern = json["like"]?.string { (how, text) = ("like", pattern) }
        if let pattern = json["regex"]?.string { (how, text) = ("regex", pattern) }
        if json["is_not"] == true { how = "not-" + how }
        values = text
        let labels = [
            ("in", "one of"), ("not-in", "none of"), ("like", "like"), ("not-like", "not like"), ("regex", "matching"),
            ("not-regex", "not matching"),
        ]
        hows = labels.map { Choice(value: $0.0, label: $0.1, isChosen: $0.0 == how) }
    }
}
