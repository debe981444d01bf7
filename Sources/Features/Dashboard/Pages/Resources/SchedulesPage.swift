import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Schedules: when instances are stopped and started, and what that has saved.
struct SchedulesPage: Sendable {
    static let path = "/app/resources/schedules"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/resources/schedules") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        for (path, act) in [("", create), ("/{id}/pause", pause), ("/{id}/deletion", delete)]
            as [(String, @Sendable (Visit) async throws -> Response)]
        {
            router.post(RouterPath(Self.path + path)) { request, scope in
                await pages.acting(request, scope, act) { try await show($0, problem: $1) }
            }
        }
        router.get("/app/resources/schedules/{id}/deletion") { _, _ in Response.seeOther(Self.path) }
    }

    private struct Content: Sendable {
        let tabs: [Tab]
        let form: FormPart?
        let error: String?
        let table: TablePart
    }

    private static let days = [
        ("mon", "Monday"), ("tue", "Tuesday"), ("wed", "Wednesday"), ("thu", "Thursday"), ("fri", "Friday"), ("sat", "Saturday"),
        ("sun", "Sunday"),
    ]

    private static func form(_ projects: [(String, String)]) -> FormPart {
        FormPart(
            title: "New schedule", action: path, submit: "Make schedule", id: "create-schedule", place: .new,
            fields: [
                .text("name", "Name", placeholder: "Nights", most: 120, isRequired: true), .select("project_id", "Project", projects),
                .text("stop_time", "Stop at", "20:00", most: 5), .text("start_time", "Start at", "08:00", most: 5),
                .text("time_zone", "Time zone", "UTC", hint: "Such as Europe/Berlin.", most: 64, isRequired: true),
                .text("selector", "Instances, by label", placeholder: "env=dev", most: 1000, isRequired: true),
                .boxes("days", "Days", days, ticked: ["mon", "tue", "wed", "thu", "fri"]),
            ])
    }

    private func show(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let number = visit.guest.page()
        let found = try await visit.list("/v1/schedules", query: ["sort": "name"], page: number)
        let projects = try await visit.projectNames()
        let mayChange = visit.may(.instancesWrite)
        let blank = mayChange ? Self.form(projects.map { ($0.id, $0.name) }) : nil
        let content = Content(
            tabs: Tab.resources(at: Self.path), form: problem == nil ? blank : blank?.filled(from: visit.form, saying: problem),
            error: mayChange ? nil : problem?.detail,
            table: TablePart(
                "Schedules", about: "Saved is measured: the time in which what was stopped was not charged, at the prices of then.",
                columns: ["Name", "When", "For", "Next", "Saved"],
                rows: found.items.map { Self.row($0, projects, mayChange: mayChange) }, none: "No schedules yet",
                pager: Pager(number, hasMore: found.hasMore, path: Self.path)))
        return visit.page("schedules", "Schedules", section: .resources, status: .init(code: problem?.code.status ?? 200), content)
    }

    private static func row(_ schedule: JSON, _ projects: [ProjectName], mayChange: Bool) -> TablePart.Row {
        let (id, name, isOn) = (schedule.text("id"), schedule.text("name"), schedule.flag("enabled"))
        let times = [("stop_time", "stop"), ("start_time", "start")].compactMap { field, word in
            schedule[field]?.string.map { "\(word) \($0)" }
        }
        let selector = schedule.text("selector")
        let count = schedule.list("instance_ids").count
        let saved = schedule["saved"] ?? .null
        let hours = ExactDecimal(saved.text("hours"))?.rounded(scale: 1).formatted(minimumPlaces: 0) ?? "0"
        return TablePart.Row(
            id: id,
            cells: [
                .name(name, id),
                .text(
                    times.joined(separator: ", "),
                    "\(schedule.texts("days").map(Words.sentence).joined(separator: " ")) · \(schedule.text("time_zone"))"),
                .text(
                    selector.isEmpty ? "\(count) \(count == 1 ? "instance" : "instances")" : selector, schedule.project(among: projects)),
                isOn
                    ? .text(schedule.time("next_at").map(Words.moment) ?? "–", Words.sentence(schedule.text("next_action")))
                    : .badge(Badge("paused")),
                .text(Words.money(saved["amount"]?.string, saved.text("currency")), "\(hours) hours"),
            ],
            actions: !mayChange
                ? []
                : [
                    .init(label: isOn ? "Pause" : "Resume", path: "\(path)/\(id)/pause", value: isOn ? "pause" : "resume"),
                    .init(
                        label: "Delete", path: "\(path)/\(id)/deletion", question: "Delete “\(name)”? \(consequence)", isDangerous: true),
                ])
    }

    private static let consequence = "Its instances stay as they are, and what it saved is shown no more."

    @Sendable private func create(_ visit: Visit) async throws -> Response {
        let form = visit.form
        func time(_ name: String) -> JSON { form.text(name).isEmpty ? .null : .string(form.text(name)) }
        try await visit.send(
            .post, "/v1/schedules",
            body: [
                "name": .string(form.text("name")), "project_id": .string(form.text("project_id")),
                "days": .array(form.all("days").map(JSON.string)), "time_zone": .string(form.text("time_zone")),
                "start_time": time("start_time"), "stop_time": time("stop_time"), "selector": .string(form.text("selector")),
            ])
        return Response.seeOther(Self.path)
    }

    @Sendable private func pause(_ visit: Visit) async throws -> Response {
        try await visit.send(
            .patch, "/v1/schedules/{id}", ["id": visit.parameter()], body: ["enabled": .bool(visit.form["action"] == "resume")])
        return Response.seeOther(Self.path)
    }

    @Sendable private func delete(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard visit.isConfirmed else {
            let name = try await visit.get("/v1/schedules/{id}", ["id": id]).text("name")
            return visit.ask(
                "Delete “\(name)”?", Self.consequence, "Delete the schedule", at: "\(Self.path)/\(id)/deletion", orBackTo: Self.path,
                section: .resources)
        }
        try await visit.send(.delete, "/v1/schedules/{id}", ["id": id])
        return Response.seeOther(Self.path)
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="has-new"><div class="page-head"><div><h1>Schedules</h1><p>Instances that run only when they are needed, and what that saves.</p></div></div>
        {{#page}}{{> tabs}}{{/page}}
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        <div class="stack">{{#page.form}}{{> form-part}}{{/page.form}}
        {{#page.table}}{{> table-part}}{{/page.table}}</div></div>
        {{/main}}{{/frame}}
        """
}
