import Kernel
import Web

/// What a unit metric can be made of: the workspace's views, streams and projects, for forms and for words.
struct UnitSides: Sendable {
    let views: [JSON]
    let streams: [JSON]
    let projects: [JSON]

    static func read(_ visit: Visit) async throws -> UnitSides {
        let views = try await visit.list("/v1/cost-views", perPage: 100).items
        let streams = visit.may(.streamsRead) ? try await visit.list("/v1/streams", query: ["sort": "name"], perPage: 100).items : []
        let projects = visit.may(.projectsRead) ? try await visit.list("/v1/projects", perPage: 100).items : []
        return UnitSides(views: views, streams: streams, projects: projects)
    }

    /// `cost of Production`, `orders of shop`, `requests`.
    func words(_ side: JSON?) -> String {
        func name(_ items: [JSON], _ field: String) -> String? {
            side?[field]?.string.map { id in items.first { $0["id"]?.string == id }?.text("name") ?? id }
        }
        switch side?.text("source") {
        case "cost": return "cost" + (name(views, "cost_view_id").map { " of \($0)" } ?? "")
        case "stream": return (side?.text("metric_name") ?? "") + (name(streams, "stream_id").map { " of \($0)" } ?? "")
        default: return "requests" + (name(projects, "project_id").map { " of \($0)" } ?? "")
        }
    }

    /// Of the value: the cost view's, where cost is divided by something that is no money.
    func currency(of metric: JSON) -> String? {
        guard metric["numerator"]?.text("source") == "cost", metric["denominator"]?.text("source") != "cost" else { return nil }
        let id = metric["numerator"]?["cost_view_id"]?.string
        let view = views.first { id == nil ? $0["is_default"] == true : $0["id"]?.string == id }
        return view?["currency"]?.string ?? "USD"
    }

    private static let sources = [("cost", "Cost"), ("stream", "A data stream"), ("requests", "Counted requests")]
    private static let functions = [("Sum", "Sum"), ("Average", "Average"), ("Minimum", "Minimum"), ("Maximum", "Maximum")]

    /// A form without a script shows what each source can be asked for; what belongs to another source is not sent on.
    func form(title: String, action: String, submit: String, _ metric: JSON) -> FormPart {
        var fields: [FormPart.Field] = [
            .text("name", "Name", metric.text("name"), placeholder: "Cost per order", most: 120, isRequired: true),
            .text("description", "Description (optional)", metric.text("description"), most: 1000),
        ]
        for (side, label) in [("numerator", "Numerator"), ("denominator", "Denominator")] {
            let now = metric[side]
            func choices(_ items: [JSON], _ all: String) -> [(String, String)] {
                [("", all)] + items.map { ($0.text("id"), $0.text("name")) }
            }
            fields += [
                .select(
                    "\(side)-source", label, Self.sources, chosen: now?.text("source") ?? (side == "numerator" ? "cost" : "stream"),
                    hint: "What is counted. Only the fields of what you choose here matter."),
                .select("\(side)-view", "\(label): cost view", choices(views, "All cost"), chosen: now?.text("cost_view_id")),
                .select("\(side)-stream", "\(label): stream", choices(streams, "All streams"), chosen: now?.text("stream_id")),
                .text("\(side)-metric", "\(label): metric of the stream", now?.text("metric_name") ?? "", placeholder: "orders", most: 255),
                .select("\(side)-function", "\(label): function", Self.functions, chosen: now?.text("metric_agg_func")),
                .select("\(side)-project", "\(label): project", choices(projects, "All projects"), chosen: now?.text("project_id")),
            ]
        }
        return FormPart(title: title, action: action, submit: submit, id: "save-metric", fields: fields)
    }

    /// The form as the API takes it.
    static func body(_ form: Form) -> JSON {
        func side(_ name: String) -> JSON {
            let source = form[name + "-source"] ?? ""
            var members: [JSON.Member] = [.init("source", .string(source))]
            func add(_ field: String, _ input: String) {
                let text = form.text("\(name)-\(input)")
                if !text.isEmpty { members.append(.init(field, .string(text))) }
            }
            switch source {
            case "cost": add("cost_view_id", "view")
            case "stream":
                add("stream_id", "stream")
                add("metric_name", "metric")
                add("metric_agg_func", "function")
            case "requests": add("project_id", "project")
            default: break
            }
            return .object(members)
        }
        return [
            "name": .string(form.text("name")), "description": .string(form.text("description")), "numerator": side("numerator"),
            "denominator": side("denominator"),
        ]
    }
}
