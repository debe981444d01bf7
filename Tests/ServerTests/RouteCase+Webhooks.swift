import Kernel

extension RouteCase {
    static let webhooks: [String: RouteCase] = [
        "GET /v1/webhooks": RouteCase(),
        "POST /v1/webhooks": RouteCase(
            body: { _ in ["url": "https://receiver.example/hook", "events": ["project.*"]] },
            reference: .init(
                noun: .project, query: nil, body: { ["url": "https://receiver.example/hook", "project_ids": [.string($0)]] })),
        "GET /v1/webhooks/{id}": RouteCase(path: [.webhook]),
        "PATCH /v1/webhooks/{id}": RouteCase(path: [.webhook], body: { _ in ["description": "Changed"] }),
        "DELETE /v1/webhooks/{id}": RouteCase(path: [.webhook]),
        "POST /v1/webhooks/{id}/secret": RouteCase(path: [.webhook], body: { _ in ["overlap_seconds": 60] }),
        "POST /v1/webhooks/{id}/test": RouteCase(path: [.webhook]),
        "POST /v1/webhooks/{id}/replay": RouteCase(path: [.webhook], body: { _ in ["after": 0] }),
        "GET /v1/webhooks/{id}/deliveries": RouteCase(path: [.webhook]),
        "GET /v1/deliveries/{id}": RouteCase(path: [.delivery]),
        "POST /v1/deliveries/{id}/retry": RouteCase(path: [.delivery]),
    ]
}
