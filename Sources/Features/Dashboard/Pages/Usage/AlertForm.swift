import Kernel
import Web

/// What is asked for of an alert, and how it goes to the call. What an alert is about, and what it is grouped by, is said once.
enum AlertForm {
    static func new(_ subjects: [(String, String)], projects: [ProjectName]) -> FormPart {
        FormPart(
            title: "New alert", action: AlertsPage.path, submit: "Make alert", id: "create-alert", place: .new,
            fields: [
                .text("name", "Name (optional)", hint: "The rule when left out.", most: 120),
                .select("subject", "About", subjects + [("", "The whole workspace")], chosen: subjects.first?.0),
                .text(
                    "selector", "Only instances with these labels (optional)", hint: "With a project, or in the whole workspace.",
                    placeholder: "team=core,tier!=dev"),
                .text(
                    "group_by", "Each on its own by (optional)",
                    hint: "project, resource, provider, label:NAME, dimension:NAME: a state and notices for each. Parted by commas.",
                    placeholder: "label:team", most: 600),
            ] + fields(.null, projects))
    }

    static func change(_ alert: JSON, projects: [ProjectName]) -> FormPart {
        FormPart(
            title: "Change", action: "\(AlertsPage.path)/\(alert.text("id"))/change", submit: "Save", id: "change-alert", place: .folded,
            fields: [.text("name", "Name", alert.text("name"), most: 120)] + fields(alert, projects))
    }

    private static func fields(_ alert: JSON, _ projects: [ProjectName]) -> [FormPart.Field] {
        let action = alert["action"] ?? .null
        let told = alert == .null ? ["webhook"] : Set(alert.list("channels").map { $0.text("type") })
        func span(_ name: String) -> String { alert.text(name) == "0s" ? "" : alert.text(name) }
        return [
            .text(
                "rule", "Rule", alert.text("rule"), hint: "Metrics and numbers, such as budget_percent > 80 and spend > 100.",
                placeholder: "quota_percent > 85", isRequired: true),
            .text("for", "Must hold for (optional)", span("for"), placeholder: "5m", most: 8),
            .text(
                "recover", "Over only when (optional)", alert.text("recover"), hint: "A second rule, so that it does not flutter.",
                placeholder: "quota_percent < 80"),
            .select(
                "severity", "Severity", ["info", "warning", "critical"].map { ($0, Words.sentence($0)) },
                chosen: alert == .null ? "warning" : alert.text("severity")),
            .boxes("channels", "Told by", [("webhook", "Webhooks"), ("slack", "Slack")], ticked: told),
            .select(
                "action", "What it does", [("", "Nothing, it only tells"), ("stop", "Stops instances"), ("freeze", "Freezes a project")],
                chosen: action.text("type"), hint: "Can be undone on the alert's page. A frozen project admits nothing new."),
            .select(
                "action_project", "To which project", [("", "What it is about")] + projects.map { ($0.id, $0.name) },
                chosen: action.text("project_id")),
            .text(
                "action_selector", "Only to instances with these labels (optional)", action.text("selector"), hint: "For stopping.",
                placeholder: "tier=dev"),
            .text(
                "action_cooldown", "Not again for", action == .null ? "" : action.text("cooldown"), hint: "10m when left out.",
                placeholder: "10m", most: 8),
            .box(
                "action_dry_run", "Trial", "Only note what it would do", isTicked: action.flag("dry_run"),
                hint: "The event log then says what would have been stopped or frozen."),
        ]
    }

    /// What it is about: one account or project, or the workspace; labels go with a project or alone.
    static func subject(_ form: Form) -> [JSON.Member] {
        let (subject, selector) = (form.text("subject"), form.text("selector"))
        var members: [JSON.Member] = []
        if !subject.isEmpty { members.append(.init(subject.hasPrefix("proj_") ? "project_id" : "account_id", .string(subject))) }
        if !selector.isEmpty { members.append(.init("selector", .string(selector))) }
        let keys = form.text("group_by").split { $0 == "," || $0.isWhitespace }
        if !keys.isEmpty { members.append(.init("group_by", .array(keys.map { .string(String($0)) }))) }
        return members
    }

    static func body(_ form: Form) -> [JSON.Member] {
        func text(_ name: String) -> JSON? { form.text(name).isEmpty ? nil : .string(form.text(name)) }
        var members: [JSON.Member] = [
            .init("rule", .string(form.text("rule"))), .init("severity", .string(form.text("severity"))),
            .init("channels", .array(form.all("channels").map { .string($0) })), .init("for", text("for") ?? "0s"),
            .init("recover", text("recover") ?? .null), .init("action", .null),
        ]
        if let name = text("name") { members.append(.init("name", name)) }
        guard let type = text("action") else { return members }
        let action: [(String, JSON?)] = [
            ("type", type), ("project_id", text("action_project")), ("selector", text("action_selector")),
            ("cooldown", text("action_cooldown")), ("dry_run", .bool(form["action_dry_run"] == "yes")),
        ]
        members[5] = .init("action", .object(action.compactMap { name, value in value.map { .init(name, $0) } }))
        return members
    }

    /// What an alert does, in words.
    static func words(of action: JSON, projects: [ProjectName]) -> String {
        let project = action.text("project_id")
        let place = project.isEmpty ? "" : " of \(projects.first { $0.id == project }?.name ?? project)"
        let chosen = action.text("selector").isEmpty ? "" : " with \(action.text("selector"))"
        let what = action.text("type") == "freeze" ? "Freezes the project\(place)" : "Stops instances\(chosen)\(place)"
        return "\(what), not again for \(action.text("cooldown"))" + (action.flag("dry_run") ? "; on trial, only noted" : "")
    }
}
