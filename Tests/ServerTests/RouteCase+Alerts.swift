import Kernel

extension RouteCase {
    static let alerts: [String: RouteCase] = [
        "GET /v1/alerts": RouteCase(reference: .init(noun: .project, query: { "project_id=\($0)" }, body: nil)),
        "POST /v1/alerts": RouteCase(
            body: { ["project_id": .string($0[.project]), "rule": "spend > 100", "channel": "slack"] },
            reference: .init(noun: .project, query: nil, body: { ["project_id": .string($0), "rule": "spend > 100", "channel": "slack"] })),
        "GET /v1/alerts/{id}": RouteCase(path: [.alert]),
        "PATCH /v1/alerts/{id}": RouteCase(path: [.alert], body: { _ in ["for": "5m"] }),
        "DELETE /v1/alerts/{id}": RouteCase(path: [.alert]),
        "GET /v1/alerts/{id}/history": RouteCase(path: [.alert]),
        "POST /v1/alerts/{id}/dry-run": RouteCase(path: [.alert]),
        "POST /v1/alerts/{id}/silence": RouteCase(path: [.alert], body: { _ in ["until": "2099-01-01T00:00:00Z"] }),
        "POST /v1/alerts/{id}/undo": RouteCase(path: [.alert]),
        "GET /v1/channels/slack": RouteCase(),
        "PUT /v1/channels/slack": RouteCase(body: { _ in ["url": "https://hooks.slack.example/services/other"] }),
        "DELETE /v1/channels/slack": RouteCase(),
        "POST /v1/channels/slack/test": RouteCase(),
    ]
}
