import HTTPTypes
import Kernel
import Storage
package import Web

package enum BudgetRoutes {
    package static var all: [Route] {
        [
            Route(
                .get, "/v1/budgets", .scope(.budgetsRead), "List budgets, and where they stand",
                query: ListEnvelope.parameters(
                    sort: Budget.sortFields, filters: [.init("account_id", .string(1...100)), .init("project_id", .string(1...100))]),
                answers: [.list(of: BudgetStanding.schema)], handler: list),
            Route(
                .post, "/v1/budgets", .scope(.budgetsWrite), "Make a budget",
                details: "An enforced budget keeps out what would go past it by the end of the month; all of them must agree.",
                body: .required(
                    .object([
                        .required("name", .name()), .required("scope", BudgetStanding.scopeSchema), .required("amount", Money.amount),
                        .optional("currency", Money.currency), .optional("period", .choice(["month"])), .optional("enforced", .boolean()),
                    ])), answers: [.created(BudgetStanding.schema)], problems: [.forbidden, .nameTaken], handler: create),
            Route(.get, "/v1/budgets/{id}", .scope(.budgetsRead), "Read a budget", answers: [.ok(BudgetStanding.schema)], handler: get),
            Route(
                .patch, "/v1/budgets/{id}", .scope(.budgetsWrite), "Change a budget",
                body: .required(
                    .object([.optional("name", .name()), .optional("amount", Money.amount), .optional("enforced", .boolean())])),
                answers: [.ok(BudgetStanding.schema)], problems: [.forbidden, .nameTaken, .preconditionFailed], handler: update),
            Route(
                .delete, "/v1/budgets/{id}", .scope(.budgetsWrite), "Delete a budget", answers: [.noContent()],
                problems: [.forbidden, .preconditionFailed], handler: delete),
        ]
    }

    private static func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        let scope = call.query["account_id"] ?? call.query["project_id"]
        guard call.query["account_id"] == nil || call.query["project_id"] == nil else {
            throw Problem.invalid(parameter: "account_id", "Use account_id or project_id, not both.")
        }
        let page = try await call.read { connection in
            let page = try Budget.list(request, scope: scope, for: call.caller, connection)
            return try page.map { try BudgetStanding.read($0, in: call.caller.tenant, at: call.at, connection) }
        }
        return call.answer(page)
    }

    private static func get(_ call: Call) async throws -> Answer {
        let standing = try await call.read { connection in
            try BudgetStanding.read(Budget.find(call.id(), for: call.caller, connection), in: call.caller.tenant, at: call.at, connection)
        }
        return .json(.ok, standing).with(etag: standing.budget.etag)
    }

    private static func create(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        let scope = try scope(of: call.body)
        var draft = BudgetDraft(name: call.body?["name"]?.string ?? "", scope: scope, amount: .zero)
        draft.currency = call.body?["currency"]?.string ?? draft.currency
        try draft.apply(call.body)
        return try await call.commit { [draft] connection in
            let budget = try Budget.create(draft, by: call.attribution, connection)
            let standing = try BudgetStanding.read(budget, in: call.caller.tenant, at: call.at, connection)
            return .created(standing, at: "/v1/budgets/\(budget.id)").with(etag: budget.etag)
        }
    }

    private static func update(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        return try await call.commit { connection in
            let budget = try Budget.find(call.id(), for: call.caller, connection)
            try call.requireMatch(budget.etag)
            var draft = BudgetDraft(name: budget.name, scope: budget.scope, amount: budget.amount)
            draft.enforced = budget.enforced
            try draft.apply(call.body)
            let updated = try budget.update(draft, by: call.attribution, connection)
            let standing = try BudgetStanding.read(updated, in: call.caller.tenant, at: call.at, connection)
            return .json(.ok, standing).with(etag: updated.etag)
        }
    }

    private static func delete(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        return try await call.commit { connection in
            let budget = try Budget.find(call.id(), for: call.caller, connection)
            try call.requireMatch(budget.etag)
            try budget.delete(by: call.attribution, connection)
            return .noContent
        }
    }

    private static func scope(of body: JSON?) throws -> Budget.Scope {
        switch (body?["scope"]?["account_id"]?.string, body?["scope"]?["project_id"]?.string) {
        case (let account?, nil): .account(AccountID(account))
        case (nil, let project?): .project(ProjectID(project))
        default: throw Problem.invalid("scope", "The scope names one account or one project.", code: "combination")
        }
    }
}

extension BudgetDraft {
    fileprivate mutating func apply(_ body: JSON?) throws {
        if let name = body?["name"]?.string { self.name = name }
        if let amount = body?["amount"]?.string { self.amount = try Money.amount(amount, at: "amount") }
        if let enforced = body?["enforced"]?.bool { self.enforced = enforced }
    }
}
