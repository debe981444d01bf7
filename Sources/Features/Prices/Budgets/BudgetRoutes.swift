import HTTPTypes
import Kernel
import Storage
package import Web

package struct BudgetRoutes: Sendable {
    private let views: any ViewCosts

    package init(views: any ViewCosts) { self.views = views }

    package var all: [Route] {
        [
            Route(
                .get, "/v1/budgets", .scope(.budgetsRead), "List budgets, and where they stand",
                query: ListEnvelope.parameters(
                    sort: Budget.sortFields, filters: ["account_id", "project_id", "cost_view_id"].map { .init($0, .string(1...100)) }),
                answers: [.list(of: BudgetStanding.schema)], problems: [.invalidState], handler: list),
            Route(
                .post, "/v1/budgets", .scope(.budgetsWrite), "Make a budget",
                details: """
                    An enforced budget keeps out what would go past it by the end of the month; all of them must agree. One on a cost view only tells: \
                    `budget.threshold_reached` once a month for each percent that what was spent, or the forecast, reaches.
                    """,
                body: .required(
                    .object(
                        [
                            .required("name", .name()), .required("scope", BudgetStanding.scopeSchema), .required("amount", Money.amount),
                            .optional("currency", Money.currency), .optional("period", .choice(["month"])),
                            .optional("enforced", .boolean()),
                        ] + Self.thresholds)), answers: [.created(BudgetStanding.schema)], problems: [.forbidden, .nameTaken],
                handler: create),
            Route(
                .get, "/v1/budgets/{id}", .scope(.budgetsRead), "Read a budget", answers: [.ok(BudgetStanding.schema)],
                problems: [.invalidState], handler: get),
            Route(
                .patch, "/v1/budgets/{id}", .scope(.budgetsWrite), "Change a budget",
                body: .required(
                    .object(
                        [.optional("name", .name()), .optional("amount", Money.amount), .optional("enforced", .boolean())] + Self.thresholds
                    )),
                answers: [.ok(BudgetStanding.schema)], problems: [.forbidden, .nameTaken, .preconditionFailed], handler: update),
            Route(
                .delete, "/v1/budgets/{id}", .scope(.budgetsWrite), "Delete a budget", answers: [.noContent()],
                problems: [.forbidden, .preconditionFailed], handler: delete),
        ]
    }

    private static let thresholds: [Schema.Field] = [
        .optional("thresholds", BudgetStanding.thresholds("Of a cost view; 80 and 100 if left out.")),
        .optional("forecast_thresholds", BudgetStanding.thresholds("Of a cost view; 100 if left out.")),
    ]

    private func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        let scopes = ["account_id", "project_id", "cost_view_id"].compactMap { call.query[$0] }
        guard scopes.count < 2 else {
            throw Problem.invalid(parameter: "account_id", "Use one of account_id, project_id and cost_view_id.")
        }
        let page = try await call.scan { [views] connection in
            let page = try Budget.list(request, scope: scopes.first, for: call.caller, connection)
            return try page.map { try BudgetStanding.read($0, in: call.caller.tenant, at: call.at, views, for: call.caller, connection) }
        }
        return call.answer(page)
    }

    private func get(_ call: Call) async throws -> Answer {
        let standing = try await call.scan { [views] connection in
            try BudgetStanding.read(
                Budget.find(call.id(), for: call.caller, connection), in: call.caller.tenant, at: call.at, views, for: call.caller,
                connection)
        }
        return .json(.ok, standing).with(etag: standing.budget.etag)
    }

    private func create(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        let scope = try Self.scope(of: call.body)
        var draft = BudgetDraft(name: call.body?["name"]?.string ?? "", scope: scope, amount: .zero)
        draft.currency = call.body?["currency"]?.string ?? draft.currency
        if case .view = scope { (draft.enforced, draft.thresholds) = (false, .usual) }
        try draft.apply(call.body)
        return try await call.commit { [draft, views] connection in
            let budget = try Budget.create(draft, views: views, by: call.attribution, connection)
            let standing = try BudgetStanding.read(budget, in: call.caller.tenant, at: call.at, views, for: call.caller, connection)
            return .created(standing, at: "/v1/budgets/\(budget.id)").with(etag: budget.etag)
        }
    }

    private func update(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        return try await call.commit { [views] connection in
            let budget = try Budget.find(call.id(), for: call.caller, connection)
            try call.requireMatch(budget.etag)
            var draft = BudgetDraft(name: budget.name, scope: budget.scope, amount: budget.amount)
            (draft.enforced, draft.thresholds) = (budget.enforced, budget.thresholds)
            try draft.apply(call.body)
            let updated = try budget.update(draft, by: call.attribution, connection)
            let standing = try BudgetStanding.read(updated, in: call.caller.tenant, at: call.at, views, for: call.caller, connection)
            return .json(.ok, standing).with(etag: updated.etag)
        }
    }

    private func delete(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        return try await call.commit { connection in
            let budget = try Budget.find(call.id(), for: call.caller, connection)
            try call.requireMatch(budget.etag)
            try budget.delete(by: call.attribution, connection)
            return .noContent
        }
    }

    private static func scope(of body: JSON?) throws -> Budget.Scope {
        let scope = body?["scope"]
        switch (scope?["account_id"]?.string, scope?["project_id"]?.string, scope?["cost_view_id"]?.string) {
        case (let account?, nil, nil): return .account(AccountID(account))
        case (nil, let project?, nil): return .project(ProjectID(project))
        case (nil, nil, let view?): return .view(CostViewID(view))
        default: throw Problem.invalid("scope", "The scope names one account, one project or one cost view.", code: "combination")
        }
    }
}

extension BudgetDraft {
    fileprivate mutating func apply(_ body: JSON?) throws {
        if let name = body?["name"]?.string { self.name = name }
        if let amount = body?["amount"]?.string { self.amount = try Money.amount(amount, at: "amount") }
        if let enforced = body?["enforced"]?.bool { self.enforced = enforced }
        let sent = [body?["thresholds"]?.array, body?["forecast_thresholds"]?.array].map { $0?.compactMap(\.integer) }
        if sent.contains(where: { $0 != nil }) {
            thresholds = BudgetThresholds(actual: sent[0] ?? thresholds.actual, forecast: sent[1] ?? thresholds.forecast)
        }
        guard case .view = scope else {
            guard thresholds == .none else {
                throw Problem.invalid("thresholds", "Only a budget on a cost view has them.", code: "combination")
            }
            return
        }
        guard !self.enforced else { throw Problem.invalid("enforced", "A budget on a cost view only tells.", code: "combination") }
    }
}
