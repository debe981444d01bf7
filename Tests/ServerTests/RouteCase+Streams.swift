import Kernel

extension RouteCase {
    static let streams: [String: RouteCase] = [
        "GET /v1/streams": RouteCase(),
        "POST /v1/streams": RouteCase(body: { _ in ["name": "orders"] }),
        "GET /v1/streams/{id}": RouteCase(path: [.stream]),
        "PATCH /v1/streams/{id}": RouteCase(path: [.stream], body: { _ in ["name": "renamed"] }),
        "DELETE /v1/streams/{id}": RouteCase(path: [.stream]),
        "GET /v1/streams/{id}/metrics": RouteCase(path: [.stream]),
        "GET /v1/streams/{id}/data": RouteCase(path: [.stream]),
        "POST /streams/ingest": RouteCase(
            body: { batch(to: $0[.streamToken]) }, reference: .init(noun: .streamToken, query: nil, body: { batch(to: $0) })),
    ]

    @Sendable private static func batch(to token: String) -> JSON {
        [
            "data_stream_token": .string(token), "metric_agg_func": "Sum",
            "data": [["timestamp": "2026-03-01 00:00:00", "metric_name": "orders", "metric_value": 2]],
        ]
    }
}
