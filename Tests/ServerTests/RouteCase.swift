import HTTPTypes
import Kernel
import Server
import TestKit
import Web

/// What a good request to a route looks like. Every route of the table has one; the walks fail where it is missing.
struct RouteCase: Sendable {
    /// What the path's parameters name, in order.
    var path: [Estate.Noun] = []
    /// The body of a request that succeeds.
    var body: (@Sendable (Estate) -> JSON)?
    /// A query or body that names something by its id, apart from the path.
    var reference: Reference?
    /// Another such place.
    var otherReference: Reference?
    /// The query that it cannot go without.
    var query: (@Sendable (Estate) -> String)?
    /// Whether no key can do it, whatever it may: a person is asked.
    var isForPeople = false

    func suffix(_ estate: Estate) -> String { query.map { "?" + $0(estate) } ?? "" }

    var references: [Reference] { [reference, otherReference].compactMap(\.self) }

    /// A place other than the path where an id can stand.
    struct Reference: Sendable {
        let noun: Estate.Noun
        let query: (@Sendable (String) -> String)?
        let body: (@Sendable (String, Estate) -> JSON)?

        init(noun: Estate.Noun, query: (@Sendable (String) -> String)?, body: (@Sendable (String) -> JSON)?) {
            (self.noun, self.query) = (noun, query)
            if let body { self.body = { id, _ in body(id) } } else { self.body = nil }
        }

        /// A body that names something of the estate as well.
        init(noun: Estate.Noun, body: @escaping @Sendable (String, Estate) -> JSON) {
            (self.noun, self.query) = (noun, nil)
            self.body = body
        }
    }

    static let all: [String: RouteCase] = [
        identity, teams, savings, keys, oauth, prices, log, webhooks, resources, stacks, alerts, streams, costs,
    ].reduce(into: [:]) { all, cases in all.merge(cases) { one, _ in one } }

    /// A time that has passed.
    static let reportPeriod: JSON = ["from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"]

    private static let identity: [String: RouteCase] = [
        "GET /v1/ping": RouteCase(),
        "POST /v1/sessions": RouteCase(body: { ["email": .string($0.outcome.email), "password": .string($0.outcome.password)] }),
        "GET /v1/sessions": RouteCase(),
        "DELETE /v1/sessions/{id}": RouteCase(path: [.session]),
        "GET /v1/workspace": RouteCase(),
        "PATCH /v1/workspace": RouteCase(body: { _ in ["name": "Renamed"] }),
        "GET /v1/accounts": RouteCase(),
        "POST /v1/accounts": RouteCase(body: { _ in ["name": "Second", "quota_requests": 1000] }),
        "GET /v1/accounts/{id}": RouteCase(path: [.account]),
        "PATCH /v1/accounts/{id}": RouteCase(path: [.account], body: { _ in ["included_requests": 10] }),
        "DELETE /v1/accounts/{id}": RouteCase(path: [.account]),
        "GET /v1/projects": RouteCase(reference: .init(noun: .account, query: { "account_id=\($0)" }, body: nil)),
        "POST /v1/projects": RouteCase(
            body: { _ in ["name": "Another"] },
            reference: .init(noun: .account, query: nil, body: { ["name": "Another", "account_id": .string($0)] })),
        "GET /v1/projects/{id}": RouteCase(path: [.project]),
        "PATCH /v1/projects/{id}": RouteCase(path: [.project], body: { _ in ["description": "Changed"] }),
        "DELETE /v1/projects/{id}": RouteCase(path: [.project]),
        "GET /v1/projects/{id}/members": RouteCase(path: [.project]),
        "PUT /v1/projects/{id}/members/{user_id}": RouteCase(path: [.project, .user], body: { _ in ["role": "editor"] }),
        "DELETE /v1/projects/{id}/members/{user_id}": RouteCase(path: [.project, .user]),
        "GET /v1/users": RouteCase(),
        "GET /users": RouteCase(),
        "POST /v1/users": RouteCase(body: { _ in ["email": "new@example.com", "name": "New"] }),
        "GET /v1/users/{id}": RouteCase(path: [.user]),
        "PATCH /v1/users/{id}": RouteCase(path: [.user], body: { _ in ["name": "Sam"] }),
        "DELETE /v1/users/{id}": RouteCase(path: [.user]),
        "POST /v1/invitations/acceptances": RouteCase(
            body: { ["token": .string($0.invitation), "password": .string(Installation.password)] }),
    ]

    private static let prices: [String: RouteCase] = [
        "GET /v1/sizes": RouteCase(),
        "GET /v1/prices": RouteCase(),
        "POST /v1/prices": RouteCase(body: { _ in ["sku": "instance.new", "amount": "0.5"] }),
        "GET /v1/prices/{id}": RouteCase(path: [.price]),
        "PATCH /v1/prices/{id}": RouteCase(path: [.price], body: { _ in ["amount": "2", "description": "Later"] }),
        "DELETE /v1/prices/{id}": RouteCase(path: [.price]),
        "GET /v1/quotas": RouteCase(reference: .init(noun: .project, query: { "project_id=\($0)" }, body: nil)),
        "PUT /v1/quotas/{metric}": RouteCase(path: [.quotaMetric], body: { _ in ["limit": 500] }),
        "DELETE /v1/quotas/{metric}": RouteCase(path: [.quotaMetric]),
        "GET /v1/budgets": RouteCase(reference: .init(noun: .project, query: { "project_id=\($0)" }, body: nil)),
        "POST /v1/budgets": RouteCase(
            body: { ["name": "Month", "amount": "1000000", "scope": ["project_id": .string($0[.project])]] },
            reference: .init(
                noun: .project, query: nil, body: { ["name": "Theirs", "amount": "1", "scope": ["project_id": .string($0)]] })),
        "GET /v1/budgets/{id}": RouteCase(path: [.budget]),
        "PATCH /v1/budgets/{id}": RouteCase(path: [.budget], body: { _ in ["amount": "2000000"] }),
        "DELETE /v1/budgets/{id}": RouteCase(path: [.budget]),
        "GET /v1/charges/open": RouteCase(reference: .init(noun: .project, query: { "project_id=\($0)" }, body: nil)),
        "GET /v1/charges": RouteCase(reference: .init(noun: .project, query: { "project_id=\($0)" }, body: nil)),
    ]

    private static let keys: [String: RouteCase] = [
        "GET /v1/keys": RouteCase(reference: .init(noun: .project, query: { "project_id=\($0)" }, body: nil)),
        "POST /v1/keys": RouteCase(
            body: { ["project_id": .string($0[.project])] },
            reference: .init(noun: .project, query: nil, body: { ["project_id": .string($0)] })),
        "GET /v1/keys/{id}": RouteCase(path: [.key]),
        "PATCH /v1/keys/{id}": RouteCase(path: [.key], body: { _ in ["name": "Renamed"] }),
        "DELETE /v1/keys/{id}": RouteCase(path: [.key]),
        "POST /v1/keys/{id}/rotation": RouteCase(path: [.key], body: { _ in ["overlap_seconds": 60] }),
        "GET /v1/api-keys": RouteCase(),
        "POST /v1/api-keys": RouteCase(
            body: { _ in ["name": "CI"] },
            reference: .init(noun: .project, query: nil, body: { ["name": "CI", "project_ids": [.string($0)]] })),
        "GET /v1/api-keys/{id}": RouteCase(path: [.workspaceKey]),
        "PATCH /v1/api-keys/{id}": RouteCase(path: [.workspaceKey], body: { _ in ["rate_limit_per_minute": 5] }),
        "DELETE /v1/api-keys/{id}": RouteCase(path: [.workspaceKey]),
        "POST /v1/api-keys/{id}/rotation": RouteCase(path: [.workspaceKey]),
        "GET /v1/tokens": RouteCase(),
        "POST /v1/tokens": RouteCase(body: { _ in ["name": "ci-token", "scopes": ["users:read", "usage:read"]] }),
        "GET /v1/tokens/{id}": RouteCase(path: [.token]),
        "DELETE /v1/tokens/{id}": RouteCase(path: [.token]),
        "GET /v1/usage": RouteCase(reference: .init(noun: .account, query: { "account_id=\($0)" }, body: nil)),
        "GET /v1/accounts/{id}/usage": RouteCase(path: [.account]),
        "POST /v1/sandbox/reset": RouteCase(),
    ]

    private static let log: [String: RouteCase] = [
        "GET /v1/events": RouteCase(reference: .init(noun: .project, query: { "project_id=\($0)" }, body: nil)),
        "GET /v1/event-types": RouteCase(),
        "GET /v1/event-types/{name}": RouteCase(path: [.eventType]),
        "GET /v1/audit": RouteCase(reference: .init(noun: .project, query: { "project_id=\($0)" }, body: nil)),
        "GET /v1/audit/export": RouteCase(),
        "GET /v1/audit/keys": RouteCase(),
        "POST /v1/audit/verification": RouteCase(),
        "GET /v1/audit/checkpoints": RouteCase(),
        "POST /v1/audit/checkpoints": RouteCase(),
        "GET /v1/audit/checkpoints/{id}": RouteCase(path: [.checkpoint]),
        "GET /v1/compliance/reports": RouteCase(),
        "POST /v1/compliance/reports": RouteCase(
            body: { _ in reportPeriod },
            reference: .init(
                noun: .project, query: nil,
                body: { .object((reportPeriod.members ?? []) + [.init("project_ids", [.string($0)])]) })),
        "GET /v1/compliance/reports/{id}": RouteCase(path: [.report]),
        "GET /v1/compliance/reports/{id}/content": RouteCase(path: [.report]),
        "POST /v1/compliance/reports/{id}/attest": RouteCase(path: [.report], body: { _ in ["decision": "approved"] }),
        "GET /v1/audit/retention": RouteCase(),
        "PUT /v1/audit/retention": RouteCase(body: { _ in ["days": 3650] }),
        "GET /v1/trace/{request_id}": RouteCase(path: [.request]),
    ]
}

extension Route {
    /// The route's path with these ids in place of its parameters.
    func path(_ ids: [String]) -> String {
        zip(parameterNames, ids).reduce(path) { $0.replacing("{\($1.0)}", with: $1.1) }
    }

    /// Without side effects first, what removes last, and members before what they are members of.
    static func inHarmlessOrder(_ routes: [Route]) -> [Route] {
        let order = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        func rank(_ route: Route) -> (Int, Int) { (order.firstIndex(of: route.method.rawValue) ?? 0, -route.parameterNames.count) }
        return routes.sorted { rank($0) < rank($1) }
    }

    var needsCredential: Bool {
        if case .open = access { false } else { true }
    }
}

extension Installation {
    /// The request of a case, with the ids of `estate`.
    func request(_ route: Route, _ `case`: RouteCase, of estate: Estate, as secret: String?) async throws -> Reply {
        let path = route.path(`case`.path.map { estate[$0] }) + `case`.suffix(estate)
        if case .file(let types, _) = route.body {
            return try await send(route.method, path, as: secret, Array("spare".utf8), headers: ["Content-Type": types[0]])
        }
        if case .form = route.body, let body = `case`.body?(estate) {
            return try await send(
                route.method, path, as: secret, Array(body.formText.utf8),
                headers: ["Content-Type": "application/x-www-form-urlencoded"])
        }
        return try await call(route.method, path, as: secret, `case`.body?(estate))
    }
}
