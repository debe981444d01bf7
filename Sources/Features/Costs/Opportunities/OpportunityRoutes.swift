import HTTPTypes
import Kernel
import Storage
package import Web

package enum OpportunityRoutes {
    /// Of one answer of the Cloudthread API, whose lists have no pages.
    private static let longest = 1_000_000

    package static var all: [Route] {
        [
            Route(
                .post, "/cost-optimization/opportunities/list", .scope(.costsRead), "List savings opportunities",
                details: """
                    A read, though it is a POST. Every filter that is named must hold; none lists all. The largest saving first. Status is read \
                    in any spelling, and an unknown one finds nothing.
                    """, body: .optional(.object(OpportunityFilter.fields)),
                answers: [.ok(.array(Opportunity.Documented.schema, 0...longest), "All that fit, in one list.")], handler: documented
            ).onCloudthread("get_opportunities"),
            Route(
                .get, "/v1/opportunities", .scope(.costsRead), "List savings opportunities", details: "The largest saving first.",
                query: ListEnvelope.parameters(
                    sort: ["monthly_savings"],
                    filters: [
                        .init("status", .choice(of: Opportunity.Status.self)), .init("type", .string(1...255)),
                        .init("source", .string(1...255)), .init("thread_id", .integer(1...Int64(Int32.max))),
                    ]), answers: [.list(of: Opportunity.schema)], handler: list),
            Route(
                .post, "/v1/opportunities", .scope(.costsWrite), "Write a savings opportunity down",
                body: .required(.object(draftFields)), answers: [.created(Opportunity.schema)], problems: [.forbidden, .conflict],
                handler: create),
            Route(
                .get, "/v1/opportunities/{id}", .scope(.costsRead), "Read a savings opportunity", answers: [.ok(Opportunity.schema)],
                handler: get),
            Route(
                .patch, "/v1/opportunities/{id}", .scope(.costsWrite), "Change a savings opportunity",
                details: """
                    What is found again keeps its status, `Done` and `Archived` too. `Archived` can be opened again; `Done` stays. In a thread \
                    the status is the thread's; who leaves it is open.
                    """, body: .required(.object(changeFields)), answers: [.ok(Opportunity.schema)],
                problems: [.forbidden, .invalidState, .preconditionFailed], handler: update),
            Route(
                .delete, "/v1/opportunities/{id}", .scope(.costsWrite), "Delete a savings opportunity somebody wrote down",
                details: "One that was detected would be found again; archive it.", answers: [.noContent()],
                problems: [.forbidden, .invalidState, .preconditionFailed], handler: delete),
        ]
    }

    private static let changeFields: [Schema.Field] = [
        .optional("status", .choice(of: Opportunity.Status.self)), .optional("priority", Opportunity.priority.nullable),
        .optional("thread_id", Opportunity.thread.nullable), .optional("github_pr_key", Opportunity.pullRequest.nullable),
    ]
    private static let draftFields: [Schema.Field] =
        [
            .required("monthly_savings", Opportunity.amount), .required("type", .string(1...255)), .optional("record_id", .string(1...255)),
            .optional("description", .string(0...1000)), .optional("recommendation", .string(0...1000)),
            .optional("difficulty", .choice(of: Opportunity.Difficulty.self)), .optional("priority", Opportunity.priority),
            .optional("secondary_id", .integer(0...Int64.max)), .optional("tags", Opportunity.tags),
        ] + ["platform", "account", "region", "service", "category"].map { .optional($0, Opportunity.word) }

    // MARK: Reads

    private static func documented(_ call: Call) async throws -> Answer {
        let filter = OpportunityFilter(call.body)
        let found = try await call.read { try Opportunity.all(filter, for: call.caller, $0) }
        return .json(.ok, found.map { Opportunity.Documented(opportunity: $0) }, capacity: 512 * (found.count + 1))
    }

    private static func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        let names = [("status", "status"), ("type", "opportunity_type_id"), ("source", "source")]
        let texts = names.compactMap { name, field in call.query[name].map { JSON.Member(field, .string($0)) } }
        let thread = call.query.integer("thread_id").map { [JSON.Member("thread_id", JSON($0))] } ?? []
        let found = try await call.read { try Opportunity.all(OpportunityFilter(.object(texts + thread)), for: call.caller, $0) }
        return call.answer(found.page(request))
    }

    private static func get(_ call: Call) async throws -> Answer {
        let opportunity = try await call.read { try Opportunity.find(call.number, for: call.caller, $0) }
        return .json(.ok, opportunity).with(etag: opportunity.etag)
    }

    // MARK: Changes

    private static func create(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        let finding = try Finding(written: call.body, record: call.requestID.rawValue)
        return try await call.commit { connection in
            let made = try Opportunity.create(finding, isManual: true, by: call.attribution, connection)
            return .created(made, at: "/v1/opportunities/\(made.id)").with(etag: made.etag)
        }
    }

    private static func update(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        return try await call.commit { connection in
            let before = try Opportunity.find(call.number, for: call.caller, connection)
            try call.requireMatch(before.etag)
            var after = before
            if let sent = call.body?["priority"] { after.priority = sent.integer }
            if let sent = call.body?["github_pr_key"] { after.githubPullRequest = sent.string }
            if let sent = call.body?["thread_id"] { try after.move(to: sent.integer, call.caller.tenant, connection) }
            if let sent = call.body?["status"]?.string.flatMap({ Opportunity.Status(rawValue: $0) }) { try after.set(sent) }
            let updated = try after.update(from: before, by: call.attribution, connection)
            return .json(.ok, updated).with(etag: updated.etag)
        }
    }

    private static func delete(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        return try await call.commit { connection in
            let opportunity = try Opportunity.find(call.number, for: call.caller, connection)
            try call.requireMatch(opportunity.etag)
            guard opportunity.isManual else {
                throw Problem(.invalidState, "It was detected and would be found again; set its status to Archived.")
            }
            try opportunity.delete(by: call.attribution, connection)
            return .noContent
        }
    }
}

extension Call {
    /// The path's number; one that is none names nothing.
    var number: Int64 { Int64(parameter("id")) ?? 0 }
}

extension Finding {
    /// Throws `validation_failed` for an amount that is none.
    fileprivate init(written body: JSON?, record: String) throws {
        let text = body?["monthly_savings"]?.string ?? ""
        guard let impact = ExactDecimal(text), !impact.isNegative else {
            throw Problem.invalid("monthly_savings", "monthly_savings must be an amount such as 125.78.", code: "amount")
        }
        self.init(source: "Custom", type: body?["type"]?.string ?? "", recordID: body?["record_id"]?.string ?? record, impact: impact)
        place.platform = body?["platform"]?.string ?? ""
        place.account = body?["account"]?.string ?? ""
        place.region = body?["region"]?.string ?? ""
        place.service = body?["service"]?.string ?? ""
        place.category = body?["category"]?.string ?? ""
        place.tags = Dictionary((body?["tags"]?.members ?? []).map { ($0.name, $0.value.string ?? "") }, uniquingKeysWith: { $1 })
        difficulty = body?["difficulty"]?.string.flatMap { Opportunity.Difficulty(rawValue: $0) } ?? .medium
        priority = body?["priority"]?.integer
        secondaryID = body?["secondary_id"]?.integer
        details = .object(["description", "recommendation"].compactMap { name in body?[name].map { .init(name, $0) } })
    }
}

extension [Opportunity] {
    /// A part of a list that is in memory, in the order it is in.
    fileprivate func page(_ request: PageRequest) -> Page<Opportunity> {
        let descending = request.sort?.descending ?? true
        let ordered = descending ? self : reversed()
        var start = 0
        switch request.position {
        case .after(let place?): start = ordered.firstIndex { String($0.id) == place.id }.map { $0 + 1 } ?? Int(place.value) ?? 0
        case .after(nil): break
        case .page(let number): start = (number - 1) * request.limit
        }
        let items = Array(ordered.dropFirst(start).prefix(request.limit))
        let end = start + items.count
        return Page(items: items, next: end < count ? items.last.map { .init(value: String(end), id: String($0.id)) } : nil)
    }
}
