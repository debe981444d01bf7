import Kernel

extension RouteCase {
    static let costs: [String: RouteCase] = [
        "GET /v1/costs/imports": RouteCase(),
        "POST /v1/costs/imports": RouteCase(),
        "GET /v1/costs/imports/{id}": RouteCase(path: [.costImport]),
        "DELETE /v1/costs/imports/{id}": RouteCase(path: [.costImport]),
        "GET /v1/costs/export": RouteCase(),
        "GET /v1/cost-views": RouteCase(),
        "POST /v1/cost-views": RouteCase(body: { _ in ["name": "Compute", "filters": [[["dimension": "category", "in": ["Compute"]]]]] }),
        "GET /v1/cost-views/{id}": RouteCase(path: [.costView]),
        "PATCH /v1/cost-views/{id}": RouteCase(path: [.costView], body: { _ in ["description": "Changed"] }),
        "DELETE /v1/cost-views/{id}": RouteCase(path: [.costView]),
        "GET /v1/cost-views/{id}/data": RouteCase(path: [.costView], query: { _ in "start_date=2026-03-01&end_date=2026-03-02" }),
        "GET /cost/metric/{metric_id}": RouteCase(path: [.costView], query: { _ in "start_date=2026-03-01&end_date=2026-03-02" }),
        "GET /v1/cost-columns": RouteCase(),
        "POST /v1/cost-columns": RouteCase(body: { _ in ["name": "Chargeback", "formula": "0.8 * Public + 0.2 * Unblended"] }),
        "GET /v1/cost-columns/{id}": RouteCase(path: [.costColumn]),
        "PATCH /v1/cost-columns/{id}": RouteCase(path: [.costColumn], body: { _ in ["formula": "Public / 2"] }),
        "DELETE /v1/cost-columns/{id}": RouteCase(path: [.costColumn]),
    ]
}
