import Kernel

extension RouteCase {
    private static let marker: JSON = ["timestamp": "2026-02-01 13:00:00", "payload": ["type": "deploy", "description": "v42"]]

    static let savings: [String: RouteCase] = [
        "GET /v1/tag-catalogs": RouteCase(),
        "POST /v1/tag-catalogs": RouteCase(body: { _ in ["name": "New", "tags": [["key": "env", "value": "prod"]]] }),
        "GET /v1/tag-catalogs/{id}": RouteCase(path: [.tagCatalog]),
        "PATCH /v1/tag-catalogs/{id}": RouteCase(path: [.tagCatalog], body: { _ in ["name": "Renamed"] }),
        "DELETE /v1/tag-catalogs/{id}": RouteCase(path: [.tagCatalog]),
        "GET /tag-catalog": RouteCase(
            reference: .init(noun: .tagCatalog, query: { "catalog_key=\($0)" }, body: nil), query: { "catalog_key=\($0[.tagCatalog])" }),
        "POST /events": RouteCase(
            body: { _ in ["data": [marker]] },
            reference: .init(
                noun: .team, query: nil,
                body: { ["data": [["timestamp": "2026-02-01", "team_id": .string($0), "payload": ["type": "deploy"]]]] })),
        "GET /v1/markers": RouteCase(reference: .init(noun: .team, query: { "team_id=\($0)" }, body: nil)),
        "GET /v1/markers/{id}": RouteCase(path: [.marker]),
        "DELETE /v1/markers/{id}": RouteCase(path: [.marker]),
        "POST /cost-optimization/opportunities/list": RouteCase(body: { _ in ["status": "open"] }),
        "GET /v1/unit-metrics": RouteCase(),
        "POST /v1/unit-metrics": RouteCase(
            body: { _ in ["name": "New", "numerator": ["source": "requests"], "denominator": ["source": "requests"]] },
            reference: .init(
                noun: .project, query: nil,
                body: {
                    [
                        "name": "Theirs", "numerator": ["source": "requests", "project_id": .string($0)],
                        "denominator": ["source": "requests"],
                    ]
                })),
        "GET /v1/unit-metrics/{id}": RouteCase(path: [.unitMetric]),
        "PATCH /v1/unit-metrics/{id}": RouteCase(path: [.unitMetric], body: { _ in ["name": "Renamed"] }),
        "DELETE /v1/unit-metrics/{id}": RouteCase(path: [.unitMetric]),
        "GET /unit/metric/{metric_id}": RouteCase(
            path: [.unitMetric], query: { _ in "start_date=2026-02-01&end_date=2026-02-02" }),
        "GET /v1/opportunities": RouteCase(),
        "POST /v1/opportunities": RouteCase(body: { _ in ["type": "IDLE", "monthly_savings": "12.5"] }),
        "GET /v1/opportunities/{id}": RouteCase(path: [.opportunity]),
        "PATCH /v1/opportunities/{id}": RouteCase(path: [.opportunity], body: { _ in ["status": "Assigned"] }),
        "DELETE /v1/opportunities/{id}": RouteCase(path: [.opportunity]),
        "GET /v1/opportunity-threads": RouteCase(),
        "POST /v1/opportunity-threads": RouteCase(body: { _ in ["name": "New"] }),
        "GET /v1/opportunity-threads/{id}": RouteCase(path: [.thread]),
        "PATCH /v1/opportunity-threads/{id}": RouteCase(path: [.thread], body: { _ in ["status": "Validation"] }),
        "DELETE /v1/opportunity-threads/{id}": RouteCase(path: [.thread]),
    ]
}
