import Kernel
import Server

extension RouteCase {
    static let stacks: [String: RouteCase] = [
        "GET /v1/stacks": RouteCase(reference: .init(noun: .project, query: { "project_id=\($0)" }, body: nil)),
        "POST /v1/stacks": RouteCase(
            body: { ["name": "another", "project_id": .string($0.outcome.project.rawValue)] },
            reference: .init(noun: .project, query: nil, body: { ["name": "theirs", "project_id": .string($0)] })),
        "GET /v1/stacks/{id}": RouteCase(path: [.stack]),
        "PATCH /v1/stacks/{id}": RouteCase(path: [.stack], body: { _ in ["variables": ["size": "s-1"]] }),
        "DELETE /v1/stacks/{id}": RouteCase(path: [.stack]),
        "GET /v1/schedules": RouteCase(reference: .init(noun: .project, query: { "project_id=\($0)" }, body: nil)),
        "POST /v1/schedules": RouteCase(
            body: { schedule(for: $0.outcome.project.rawValue, ["selector": "spare"]) },
            reference: .init(noun: .project, query: nil, body: { schedule(for: $0, ["selector": "spare"]) }),
            otherReference: .init(noun: .instance) { id, estate in
                schedule(for: estate.outcome.project.rawValue, ["instance_ids": [.string(id)]])
            }),
        "GET /v1/schedules/{id}": RouteCase(path: [.schedule]),
        "PATCH /v1/schedules/{id}": RouteCase(path: [.schedule], body: { _ in ["stop_time": "21:00"] }),
        "DELETE /v1/schedules/{id}": RouteCase(path: [.schedule]),
        "GET /v1/policies": RouteCase(reference: .init(noun: .project, query: { "project_id=\($0)" }, body: nil)),
        "POST /v1/policies": RouteCase(
            body: { policy("Another", for: $0.outcome.project.rawValue) },
            reference: .init(noun: .project, query: nil, body: { policy("Theirs", for: $0) })),
        "GET /v1/policies/{id}": RouteCase(path: [.policy]),
        "PATCH /v1/policies/{id}": RouteCase(path: [.policy], body: { _ in ["message": "Ask Ada"] }),
        "DELETE /v1/policies/{id}": RouteCase(path: [.policy]),
        "GET /v1/plans": RouteCase(reference: .init(noun: .stack, query: { "stack_id=\($0)" }, body: nil)),
        "POST /v1/plans": RouteCase(
            body: { ["stack_id": .string($0[.stack])] },
            reference: .init(noun: .stack, query: nil, body: { ["stack_id": .string($0)] }),
            otherReference: .init(noun: .template) { id, estate in
                ["name": "theirs", "project_id": .string(estate.outcome.project.rawValue), "template_id": .string(id)]
            }),
        "GET /v1/plans/{id}": RouteCase(path: [.plan]),
        "POST /v1/plans/{id}/apply": RouteCase(path: [.plan]),
        "POST /v1/plans/{id}/approve": RouteCase(path: [.plan], isForPeople: true),
        "GET /v1/templates": RouteCase(reference: .init(noun: .project, query: { "project_id=\($0)" }, body: nil)),
        "POST /v1/templates": RouteCase(
            body: { ["name": "another", "project_id": .string($0.outcome.project.rawValue)] },
            reference: .init(noun: .project, query: nil, body: { ["name": "theirs", "project_id": .string($0)] })),
        "GET /v1/templates/{id}": RouteCase(path: [.template]),
        "PATCH /v1/templates/{id}": RouteCase(path: [.template], body: { _ in ["description": "For shops"] }),
        "DELETE /v1/templates/{id}": RouteCase(path: [.template]),
    ]

    static func policy(_ name: String, for project: String) -> JSON {
        [
            "name": .string(name), "project_id": .string(project), "enforcement": "warn",
            "rule": ["type": "required_labels", "labels": ["owner"]],
        ]
    }

    static func schedule(for project: String, _ more: JSON) -> JSON {
        .object(
            [
                .init("name", "Nights"), .init("project_id", .string(project)), .init("days", ["mon"]), .init("stop_time", "20:00"),
            ] + (more.members ?? []))
    }
}
