import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Making an instance, a volume or a network, with what it will cost before it does.
///
/// The price is that of the call's own dry run: the same checks, quotas and budgets, and nothing is made.
struct NewResourcePage: Sendable {
    static let path = "/app/resources/new"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/resources/new") { request, scope in await pages.signedIn(request, scope) { try await show($0, nil) } }
        router.get("/app/resources/new/{kind}") { request, scope in
            await pages.signedIn(request, scope) { try await show($0, try Kind($0)) }
        }
        router.post("/app/resources/new/{kind}") { request, scope in await pages.signedIn(request, scope, make) }
    }

    enum Kind: String, CaseIterable, Sendable {
        case instance, volume, network

        /// Throws `not_found`.
        init(_ visit: Visit) throws {
            guard let kind = Kind(rawValue: visit.parameter("kind")) else { throw Problem.notFound("page") }
            self = kind
        }

        var scope: Scope {
            switch self {
            case .instance: .instancesWrite
            case .volume: .volumesWrite
            case .network: .networksWrite
            }
        }

        var call: String { "/v1/\(rawValue)s" }
    }

    private struct Content: Sendable {
        let tabs: [Tab]
        let form: FormPart
        let notice: String?
    }

    private func show(_ visit: Visit, _ asked: Kind?, problem: Problem? = nil, estimate: JSON? = nil) async throws -> Response {
        let kinds = Kind.allCases.filter { visit.may($0.scope) }
        guard let kind = asked ?? kinds.first else { throw Problem(.forbidden, "Making resources is up to the editors of a project.") }
        let projects = try await visit.list("/v1/projects", query: ["status": "active", "sort": "name"], perPage: 100).items
        let connections = try await visit.listIfAllowed("/v1/connections", query: ["sort": "name"], perPage: 100)
        var form = FormPart(
            title: "New \(kind.rawValue)", action: "\(Self.path)/\(kind.rawValue)", submit: "Make it", id: "make-resource",
            preview: "What will it cost?",
            fields: [
                .text(
                    "name", "Name", hint: "Lower-case letters, digits and dashes.", placeholder: kind == .instance ? "web-1" : "",
                    most: 63, isRequired: true),
                .select("project_id", "Project", projects.map { ($0.text("id"), $0.text("name")) }),
            ] + (try await fields(of: kind, visit)) + [
                .select(
                    "provider", "Connection",
                    [("", "The only one the project has")] + connections.map { ($0.text("id"), $0.text("name")) }),
                .area("labels", "Labels (optional)", hint: "key=value, one a line.", placeholder: "team=core"),
            ])
        if problem != nil || estimate != nil { form = form.filled(from: visit.form, saying: problem?.outOfSpec) }
        if let refused = problem, refused.code == .budgetExceeded { form.problem = Self.sentence(refused) }
        if let estimate { form.outcome = Self.facts(estimate) }
        let content = Content(
            tabs: kinds.map { Tab(path: "\(Self.path)/\($0.rawValue)", label: Words.sentence($0.rawValue), isCurrent: $0 == kind) },
            form: form, notice: projects.isEmpty ? "There is no project yet that it could be made in." : nil)
        return visit.page(
            "new-resource", "New \(kind.rawValue)", section: .resources, status: .init(code: problem?.code.status ?? 200), content)
    }

    private func fields(of kind: Kind, _ visit: Visit) async throws -> [FormPart.Field] {
        switch kind {
        case .instance:
            let sizes = try await visit.getIfAllowed("/v1/sizes")
            let offers = (sizes?["data"] ?? sizes?["items"])?.array ?? []
            return [
                offers.isEmpty
                    ? .text("size", "Size", "s-1", most: 20, isRequired: true)
                    : .select("size", "Size", offers.map { ($0.text("name"), Self.words(of: $0)) }, chosen: "s-1"),
                .text("image", "Image", "debian-12", hint: "An alias such as debian-12, or an image reference.", most: 255),
                .text("network_id", "Network (optional)", hint: "By id or name.", most: 100),
            ]
        case .volume: return [.text("size_gib", "Size, in GiB", "10", most: 9, isRequired: true)]
        case .network:
            return [
                .text("cidr", "Range (optional)", hint: "One that is free when left out.", placeholder: "10.20.0.0/24", most: 43),
                .box("nat", "Outside", "Reaches the world outside", isTicked: true),
            ]
        }
    }

    /// `s-1: 1 CPU, 1 GiB, 0.0070 USD an hour`.
    private static func words(of offer: JSON) -> String {
        let cpus = (ExactDecimal(offer.text("milli_cpus")) ?? 0).divided(by: 1000, scale: 3).formatted(minimumPlaces: 0)
        let memory = Words.bytes(Int64(offer.count("memory_mib")) << 20)
        let price = offer.text("hourly").isEmpty ? "" : ", \(offer.text("hourly")) \(offer.text("currency")) an hour"
        return "\(offer.text("name")): \(cpus) \(cpus == "1" ? "CPU" : "CPUs"), \(memory)\(price)"
    }

    /// What the budget has left, to the cent, and what would still fit.
    private static func sentence(_ refused: Problem) -> String {
        let currency = refused.members["currency"]?.string ?? ""
        func money(_ name: String) -> String { Words.money(refused.members[name]?.string, currency) }
        let fits = refused.members["fits"]?.string.map { "The largest size that fits is \($0)." } ?? "Nothing smaller fits either."
        return "It would take \(money("estimate")) until the end of the month, and the budget has \(money("remaining")) left. \(fits)"
    }

    private static func facts(_ estimate: JSON) -> [Fact] {
        let currency = estimate.text("currency")
        return [
            Fact("An hour", "\(estimate.text("hourly")) \(currency)"),
            Fact("A month of 730 hours", Words.money(estimate["monthly"]?.string, currency)),
            Fact("Until \(estimate.time("period_end").map(Words.day) ?? "")", Words.money(estimate["period_amount"]?.string, currency)),
            Fact("Left in the tightest budget", estimate["budget_remaining_after"]?.string.map { Words.money($0, currency) } ?? ""),
        ].compactMap { $0 }
    }

    private func make(_ visit: Visit) async throws -> Response {
        let kind = try Kind(visit)
        let isPreview = visit.form["preview"] == "yes"
        do {
            let made = try await visit.send(
                .post, kind.call, query: ["dry_run": isPreview ? "true" : nil], body: try Self.body(kind, visit.form))
            guard isPreview else { return Response.seeOther("/app/resources/\(made.json.text("id"))") }
            return try await show(visit, kind, estimate: made.json["estimate"] ?? .null)
        } catch let problem as Problem where problem.belongsToForm || [402, 409, 423].contains(problem.code.status) {
            return try await show(visit, kind, problem: problem)
        }
    }

    private static func body(_ kind: Kind, _ form: Form) throws -> JSON {
        func text(_ name: String) -> JSON? { form.text(name).isEmpty ? nil : .string(form.text(name)) }
        let spec: [(String, JSON?)] =
            switch kind {
            case .instance: [("size", text("size")), ("image", text("image")), ("network_id", text("network_id"))]
            case .volume: [("size_gib", Int64(form.text("size_gib")).map { .integer($0) } ?? text("size_gib"))]
            case .network: [("cidr", text("cidr")), ("nat", .bool(form["nat"] == "yes"))]
            }
        let labels = try form.lines("labels").map { line in
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { throw Problem.invalid("labels", "A label is written key=value; “\(line.prefix(60))” is not.") }
            return JSON.Member(parts[0], .string(parts[1]))
        }
        let members: [(String, JSON?)] = [
            ("name", .string(form.text("name"))), ("project_id", text("project_id")), ("provider", text("provider")),
            ("labels", labels.isEmpty ? nil : .object(labels)),
            ("spec", .object(spec.compactMap { name, value in value.map { .init(name, $0) } })),
        ]
        return .object(members.compactMap { name, value in value.map { .init(name, $0) } })
    }

    static let template = """
        {{<frame}}{{$main}}
        <p class="crumb"><a href="/app/resources">Resources</a></p>
        <div class="page-head"><div><h1>New resource</h1><p>Priced, and held against quotas and budgets, before anything is made.</p></div></div>
        {{#page}}{{> tabs}}{{/page}}
        {{#page.notice}}<p class="notice" role="status">{{.}}</p>{{/page.notice}}
        <div class="stack">{{#page.form}}{{> form-part}}{{/page.form}}</div>
        {{/main}}{{/frame}}
        """
}

extension Problem {
    /// The form asks for what stands in `spec` beside the rest.
    fileprivate var outOfSpec: Problem {
        var copy = self
        for index in violations.indices where violations[index].pointer.hasPrefix("/spec/") {
            copy.violations[index].pointer = String(violations[index].pointer.dropFirst(5))
        }
        return copy
    }
}
