import Identity
package import Kernel
package import Storage
import Web

package struct BudgetDraft: Sendable {
    package var name: String
    package var scope: Budget.Scope
    package var amount: ExactDecimal
    package var currency = "USD"
    package var enforced = true

    package init(name: String, scope: Budget.Scope, amount: ExactDecimal) {
        self.name = name
        self.scope = scope
        self.amount = amount
    }
}

extension Budget {
    package static func find(_ id: BudgetID, for caller: Caller, _ connection: Connection) throws -> Budget {
        let budget = try find(id, in: caller.tenant, connection)
        switch budget.scope {
        case .project(let project): guard caller.role(in: project) != nil else { throw Problem.notFound("budget") }
        case .account(let account):
            if case .projects(let roles) = caller.reach,
                try !accounts(of: Array(roles.keys), in: caller.workspace, connection).contains(account)
            {
                throw Problem.notFound("budget")
            }
        }
        return budget
    }

    static func find(_ id: BudgetID, in tenant: Tenant, _ connection: Connection) throws -> Budget {
        let found = try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
        guard let found else { throw Problem.notFound("budget") }
        return found
    }

    static let sortFields = ["created_at", "name"]

    /// Of the caller's projects and their accounts; all of them for a caller of the whole workspace.
    static func list(_ request: PageRequest, scope: String?, for caller: Caller, _ connection: Connection) throws -> Page<Budget> {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "name": .text("name")],
            defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ?", caller.workspace)
        query.filter("mode = ?", caller.mode)
        if case .projects(let roles) = caller.reach {
            let accounts = try accounts(of: Array(roles.keys), in: caller.workspace, connection)
            query.filter("scope", isOneOf: roles.keys.map(\.rawValue) + accounts.map(\.rawValue))
        }
        if let scope { query.filter("scope = ?", scope) }
        return try query.page(
            request, connection, place: { budget, sort in .init(value: sort == "name" ? budget.name : "", id: budget.id.rawValue) },
            as: read)
    }

    private static func accounts(of projects: [ProjectID], in workspace: WorkspaceID, _ connection: Connection) throws -> [AccountID] {
        try projects.map { try Project.find($0, in: workspace, connection).account }
    }

    // MARK: Changes

    /// Throws `name_taken`, and `validation_failed` for an account or project that is not there.
    package static func create(_ draft: BudgetDraft, by: Attribution, _ connection: Connection) throws -> Budget {
        try draft.scope.check(in: by.tenant.workspace, connection)
        let id: BudgetID = by.makeID()
        try translatingTwins(of: draft.name) {
            try connection.execute(
                """
                INSERT INTO budgets (workspace, mode, id, name, scope_kind, scope, amount, currency, enforced, committed, period_start,
                    is_stale, version, created_at, updated_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '0', ?, 1, 1, ?, ?)
                """, by.tenant.workspace, by.tenant.mode, id, draft.name, draft.scope.kind, draft.scope.id, draft.amount, draft.currency,
                draft.enforced, by.at.startOfMonth, by.at, by.at)
        }
        let budget = try find(id, in: by.tenant, connection)
        connection.append(EventDraft("budget.created", subject: id.rawValue, data: ["after": budget.snapshot]), by: by)
        return budget
    }

    package func update(_ draft: BudgetDraft, by: Attribution, _ connection: Connection) throws -> Budget {
        try Self.translatingTwins(of: draft.name) {
            try connection.execute(
                """
                UPDATE budgets SET name = ?, amount = ?, enforced = ?, version = version + 1, updated_at = ?
                WHERE workspace = ? AND mode = ? AND id = ?
                """, draft.name, draft.amount, draft.enforced, by.at, by.tenant.workspace, by.tenant.mode, id)
        }
        let updated = try Self.find(id, in: by.tenant, connection)
        connection.append(
            EventDraft("budget.updated", subject: id.rawValue, data: ["before": snapshot, "after": updated.snapshot]), by: by)
        return updated
    }

    package func delete(by: Attribution, _ connection: Connection) throws {
        try connection.execute(
            "DELETE FROM budgets WHERE workspace = ? AND mode = ? AND id = ?", by.tenant.workspace, by.tenant.mode, id)
        connection.append(EventDraft("budget.deleted", subject: id.rawValue, data: ["before": snapshot]), by: by)
    }

    private static func translatingTwins(of name: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch StorageError.unique {
            throw Problem(.nameTaken, "There is a budget named \(name) already.")
        }
    }
}

extension Budget.Scope {
    fileprivate var kind: String {
        switch self {
        case .account: "account"
        case .project: "project"
        }
    }

    /// For what a body names: what does not exist is a mistake in the body.
    fileprivate func check(in workspace: WorkspaceID, _ connection: Connection) throws {
        do {
            switch self {
            case .account(let id): _ = try Account.find(id, in: workspace, connection)
            case .project(let id): _ = try Project.find(id, in: workspace, connection)
            }
        } catch let problem as Problem where problem.code == .notFound {
            throw Problem.invalid("scope/\(kind)_id", "There is no such \(kind).", code: "not_found")
        }
    }
}
