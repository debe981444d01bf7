import Kernel

extension RouteCase {
    static let teams: [String: RouteCase] = [
        "GET /teams": RouteCase(),
        "POST /teams": RouteCase(body: { ["id": .string("new-" + $0[.team]), "name": "New"] }),
        "GET /teams/{team_id}": RouteCase(path: [.team]),
        "PATCH /teams/{team_id}": RouteCase(path: [.team], body: { _ in ["name": "Renamed"] }),
        "DELETE /teams/{team_id}": RouteCase(path: [.team]),
        "GET /teams/{team_id}/members": RouteCase(path: [.team]),
        "POST /teams/{team_id}/members/assign": RouteCase(
            path: [.team], body: { ["users_ids": [.string($0[.user])]] },
            reference: .init(noun: .user, query: nil, body: { ["users_ids": [.string($0)]] })),
        "POST /teams/{team_id}/members/delete": RouteCase(
            path: [.team], body: { ["users_ids": [.string($0[.user])]] },
            reference: .init(noun: .user, query: nil, body: { ["users_ids": [.string($0)]] })),
    ]
}
