import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Settings → Sessions: where one is signed in, and an end to it.
struct SessionSettings: Sendable {
    let pages: DashboardPages
    private static let tab = SettingsPage.Tab.sessions

    func add(to router: Router<RequestScope>) {
        router.get("/app/settings/sessions") { request, scope in await pages.signedIn(request, scope) { try await show($0.acrossModes) } }
        router.post("/app/settings/sessions/{id}/deletion") { request, scope in
            await pages.acting(request, scope, { try await end($0.acrossModes) }) { try await show($0.acrossModes, problem: $1) }
        }
        router.get("/app/settings/sessions/{id}/deletion") { _, _ in Response.seeOther(Self.tab.path) }
    }

    private func show(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let number = visit.guest.page()
        let (items, hasMore) = try await visit.list("/v1/sessions", page: number)
        var content = SettingsPage.Content(Self.tab, "Where you are signed in. A session ends by itself after twelve hours.")
        content.notice = visit.query("done") == nil ? nil : "The session has ended."
        content.error = problem?.detail
        let rows = items.map { session in
            let isThis = session.text("id") == visit.caller.credential.id
            return TablePart.Row(
                id: session.text("id"),
                cells: [
                    .name(isThis ? "This one" : "Session", session.text("id")), .text(session.when("created_at", at: visit.at)),
                    .text(session["expires_at"]?.string.flatMap { Timestamp($0) }.map(Words.moment) ?? ""),
                ],
                actions: [.init(label: isThis ? "Sign out" : "End", path: Self.tab.path(session.text("id"), "deletion"), isDangerous: true)]
            )
        }
        content.tables = [
            TablePart(
                "Sessions", columns: ["Session", "Begun", "Ends"], rows: rows, pager: Pager(number, hasMore: hasMore, path: Self.tab.path))
        ]
        return visit.settings(content, status: problem?.code.status ?? 200)
    }

    private func end(_ visit: Visit) async throws -> Response {
        try await visit.send(.delete, "/v1/sessions/{id}", ["id": visit.parameter()])
        return Response.seeOther(Self.tab.path + "?done=ended")
    }
}
