import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Settings → Tokens: short-lived credentials with some of one's scopes.
struct TokenSettings: Sendable {
    let pages: DashboardPages
    private static let tab = SettingsPage.Tab.tokens

    func add(to router: Router<RequestScope>) {
        router.get("/app/settings/tokens") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/settings/tokens") { request, scope in
            await pages.acting(request, scope, create) { try await show($0, problem: $1) }
        }
        router.post("/app/settings/tokens/{id}/revocation") { request, scope in
            await pages.acting(request, scope, revoke) { try await show($0, problem: $1) }
        }
    }

    private static let lifetimes = [
        ("86400", "1 day"), ("604800", "7 days"), ("2592000", "30 days"), ("7776000", "90 days"), ("", "no end"),
    ]

    private func show(_ visit: Visit, problem: Problem? = nil, fresh: FreshSecretPanel? = nil, notice: String? = nil) async throws
        -> Response
    {
        let number = visit.guest.page()
        let (items, hasMore) = try await visit.list("/v1/tokens", query: ["sort": "-created_at"], page: number)
        var content = SettingsPage.Content(Self.tab, "A token has some of your scopes and ends by itself. It draws on your rate limit.")
        content.fresh = fresh
        content.notice = notice ?? (visit.query("done") == nil ? nil : "The token is revoked. The next request with it is refused.")
        content.error = problem?.detail
        if visit.may(.tokensWrite) {
            let form = FormPart(
                title: "Make a token", action: Self.tab.path, submit: "Make token", id: "make-token",
                fields: [
                    .text("name", "Name", placeholder: "nightly-report", most: 120, isRequired: true),
                    .select("lifetime", "Works for", Self.lifetimes, chosen: "604800"),
                    .area(
                        "scopes", "Scopes, one a line", "costs:read", hint: "Such as costs:read, projects:*, or * for all of yours.",
                        placeholder: "costs:read"),
                ])
            content.forms = [problem == nil ? form : form.filled(from: visit.form)]
        }
        let rows = items.map { token in
            let isOver = token["revoked"] == true || token["expires_at"]?.string.flatMap { Timestamp($0) }.map { $0 <= visit.at } == true
            return TablePart.Row(
                id: token.text("id"),
                cells: [
                    .name(
                        token.text("name").isEmpty ? "Unnamed" : token.text("name"), "\(token.text("prefix"))…\(token.text("last_four"))"),
                    .text(token.texts("scopes").joined(separator: ", ")), .text(token.day("expires_at", none: "No end")),
                    .text(token.when("last_used_at", at: visit.at)),
                ],
                actions: isOver || !visit.may(.tokensWrite)
                    ? []
                    : [
                        .init(
                            label: "Revoke", path: Self.tab.path(token.text("id"), "revocation"), question: "Revoke this token?",
                            isDangerous: true)
                    ],
                isGone: isOver)
        }
        content.tables = [
            TablePart(
                "Tokens", columns: ["Name", "Scopes", "Ends", "Last used"], rows: rows,
                pager: Pager(number, hasMore: hasMore, path: Self.tab.path))
        ]
        return visit.settings(content, status: problem?.code.status ?? (fresh == nil ? 200 : 201))
    }

    private func create(_ visit: Visit) async throws -> Response {
        var body: [JSON.Member] = [
            .init("name", .string(visit.form.text("name"))), .init("scopes", .array(visit.form.lines("scopes").map { .string($0) })),
        ]
        if let seconds = visit.form["lifetime"].flatMap({ Int64($0) }), (60...31_622_400).contains(seconds) {
            body.append(.init("expires_at", JSON(visit.at.adding(seconds: seconds))))
        }
        let (json, isReplay) = try await visit.send(.post, "/v1/tokens", body: .object(body))
        guard !isReplay else { return try await show(visit, notice: Visit.sentBefore) }
        let secret = json.text("token")
        return try await show(
            visit,
            fresh: FreshSecretPanel(
                title: "“\(json.text("name"))” is ready", about: "Copy the token now. It is not kept and cannot be shown again.",
                label: "Token",
                secret: secret, example: "curl \(pages.look.baseURL)/v1/ping -H \"Authorization: Bearer \(secret)\"", address: Self.tab.path
            ))
    }

    private func revoke(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard visit.isConfirmed else {
            let token = try await visit.get("/v1/tokens/{id}", ["id": id])
            return visit.ask(
                "Revoke “\(token.text("name"))”?", "The next request with it is refused.", "Revoke the token",
                at: Self.tab.path(id, "revocation"), orBackTo: Self.tab.path, section: .settings)
        }
        try await visit.send(.delete, "/v1/tokens/{id}", ["id": id])
        return Response.seeOther(Self.tab.path + "?done=revoked")
    }
}
