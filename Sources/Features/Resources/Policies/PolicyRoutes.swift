import HTTPTypes
import Identity
import Kernel
import Provider
import Storage
package import Web

/// `/v1/policies`: what may be made and changed. Written by admins of the workspace, read by all whom they bind.
package enum PolicyRoutes {
    package static let all: [Route] = [
        Route(
            .get, "/v1/policies", .scope(.policiesRead), "List policies",
            details: "Those of the workspace, and of the projects that the credential sees.",
            query: ListEnvelope.parameters(sort: Policy.sortFields, filters: [.init("project_id", .string(1...100))]),
            answers: [.list(of: Policy.schema)]
        ) { call in
            let request = try call.pageRequest()
            return call.answer(
                try await call.read { try Policy.list(request, project: call.query["project_id"], for: call.caller, $0) })
        },
        Route(
            .post, "/v1/policies", .scope(.policiesWrite), "Make a policy",
            details: """
                Asked about every creation and change of a resource, after what its state forbids and before quota and budget: 403 \
                `policy_denied` with the policy and how to mend it. `warn` only tells. What was there before is left as it is. One with the rule \
                `approval` makes plans wait for somebody else (`POST /v1/plans/{id}/approve`).
                """,
            body: .required(.object([.required("name", .name()), .optional("project_id", .id("proj"))] + fields(required: true))),
            answers: [.created(Policy.schema)], problems: [.forbidden, .nameTaken], handler: create),
        Route(.get, "/v1/policies/{id}", .scope(.policiesRead), "Read a policy", answers: [.ok(Policy.schema)]) { call in
            let policy = try await call.read { try Policy.find(call.id(), for: call.caller, $0) }
            return .json(.ok, policy).with(etag: policy.etag)
        },
        Route(
            .patch, "/v1/policies/{id}", .scope(.policiesWrite), "Change a policy", details: "`rule` is replaced as a whole.",
            body: .required(.object([.optional("name", .name())] + fields(required: false))), answers: [.ok(Policy.schema)],
            problems: [.forbidden, .nameTaken, .preconditionFailed], handler: update),
        Route(
            .delete, "/v1/policies/{id}", .scope(.policiesWrite), "Delete a policy", answers: [.noContent()],
            problems: [.forbidden, .preconditionFailed], handler: delete),
    ]

    private static func fields(required: Bool) -> [Schema.Field] {
        [
            required ? .required("rule", PolicyRule.schema) : .optional("rule", PolicyRule.schema),
            .optional("message", .string(0...500, .text, "What whoever is refused is told.")),
            .optional(
                "kinds", .array(.choice(of: ResourceKind.self), 0...ResourceKind.allCases.count, "Which it is about; all when left out.")),
            .optional(
                "environments",
                .array(.choice(of: Project.Environment.self), 0...Project.Environment.allCases.count, "All when left out.")),
            .optional("enforcement", .choice(of: Policy.Enforcement.self, "`deny` when left out.")), .optional("enabled", .boolean()),
        ]
    }

    private static func create(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        let by = call.attribution
        return try await call.commit { connection in
            let project = call.body?["project_id"]?.string.map { ProjectID($0) }
            if let project, (try? Project.find(project, for: call.caller, connection)) == nil {
                throw Problem.invalid("project_id", "There is no such project.", code: "not_found")
            }
            var policy = Policy(
                id: by.makeID(), tenant: call.caller.tenant, project: project, name: "", message: "", kinds: [], environments: [],
                rule: .noPublicBuckets, enforcement: .deny, isEnabled: true, version: 1, createdAt: by.at, updatedAt: by.at)
            try policy.take(call.body ?? .null)
            try policy.insert(by: by, connection)
            return .created(policy, at: "/v1/policies/\(policy.id)").with(etag: policy.etag)
        }
    }

    private static func update(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        let by = call.attribution
        return try await call.commit { connection in
            var policy = try Policy.find(call.id(), for: call.caller, connection)
            try call.requireMatch(policy.etag)
            let before = policy.snapshot
            try policy.take(call.body ?? .null)
            if policy.snapshot != before {
                (policy.version, policy.updatedAt) = (policy.version + 1, by.at)
                try policy.save(before: before, by: by, connection)
            }
            return .json(.ok, policy).with(etag: policy.etag)
        }
    }

    private static func delete(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        return try await call.commit { connection in
            let policy = try Policy.find(call.id(), for: call.caller, connection)
            try call.requireMatch(policy.etag)
            try policy.remove(by: call.attribution, connection)
            return .noContent
        }
    }
}

extension Policy {
    /// What a body says, over what it was. Throws `validation_failed`.
    fileprivate mutating func take(_ body: JSON) throws {
        name = body["name"]?.string ?? name
        message = body["message"]?.string ?? message
        if let words = body["kinds"]?.array { kinds = Set(words.compactMap { $0.string.flatMap(ResourceKind.init) }) }
        if let words = body["environments"]?.array { environments = Set(words.compactMap(\.string)) }
        if let rule = body["rule"] { self.rule = try PolicyRule(rule) }
        enforcement = body["enforcement"]?.string.flatMap(Enforcement.init) ?? enforcement
        isEnabled = body["enabled"]?.bool ?? isEnabled
        guard rule.kind != .approval || enforcement == .deny else {
            throw Problem.invalid("enforcement", "An approval is asked for or it is not.", code: "combination")
        }
    }
}
