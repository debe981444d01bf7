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
    package var thresholds = BudgetThresholds.none

    package init(name: String, scope: Budget.Scope, amount: ExactDecimal) {
        self.name = name
        self.scope = scope
        self.amount = amount
    }
}

extension Budget {
    package static func find(_ id: BudgetID, for caller: Caller, _ connection: Connection) throws -> Budget {
        guard let budget = try find(id, in: caller.tenant, connection) else { throw Problem.notFound("budget") }
        switch budget.scope {
        case .view: guard try seesViews(caller, connection) else { throw Problem.notFound("budget") }
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

    /// Budgets on views are seen by who reaches the workspace, and by members of teams, whose costs are counted.
    private static func seesViews(_ caller: Caller, _ connection: Connection) throws -> Bool {
        try caller.reachesWorkspace || DataFilter.isOfTeams(caller, connection)
    }

    static func find(_ id: BudgetID, in tenant: Tenant, _ connection: Connection) throws -> Budget? {
        try connection.row("\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
    }

    /// Whether there is a budget on the view.
    package static func stands(on view: CostViewID, in tenant: Tenant, _ connection: Connection) throws -> Bool {
        try connection.row(
            "SELECT 1 FROM budgets WHERE workspace = ? AND mode = ? AND scope = ? LIMIT 1", tenant.workspace, tenant.mode, view.rawValue
        ) { _ in true } ?? false
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
            let scopes = (roles.keys.map(\.rawValue) + accounts.map(\.rawValue)).map(\.sqlValue)
            let own = scopes.isEmpty ? "1 = 0" : "scope IN (\(Array(repeating: "?", count: scopes.count).joined(separator: ", ")))"
            let views = try seesViews(caller, connection) ? " OR scope_kind = 'view'" : ""
            query.filter("(\(own)\(views))", values: scopes)
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

    /// Throws `name_taken`, and `validation_failed` for an account, project or view that is not there.
    package static func create(_ draft: BudgetDraft, views: (any ViewCosts)? = nil, by: Attribution, _ connection: Connection) throws
        -> Budget
    {
        try draft.scope.check(in: by.tenant, views, connection)
        let id: BudgetID = by.makeID()
        try translatingTwins(of: draft.name) {
            try connection.execute(
                """
                INSERT INTO budgets (workspace, mode, id, name, scope_kind, scope, amount, currency, enforced, committed, period_start,
                    is_stale, version, created_at, updated_at, thresholds, forecast_thresholds, reached)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '0', ?, 1, 1, ?, ?, ?, ?, '')
                """, by.tenant.workspace, by.tenant.mode, id, draft.name, draft.scope.kind, draft.scope.id, draft.amount, draft.currency,
                draft.enforced, by.at.startOfMonth, by.at, by.at, draft.thresholds.text(of: .actual), draft.thresholds.text(of: .forecast))
        }
        guard let budget = try find(id, in: by.tenant, connection) else { throw Problem.notFound("budget") }
        connection.append(EventDraft("budget.created", subject: id.rawValue, data: ["after": budget.snapshot]), by: by)
        return budget
    }

    /// What is reached is told anew.
    package func update(_ draft: BudgetDraft, by: Attribution, _ connection: Connection) throws -> Budget {
        try Self.translatingTwins(of: draft.name) {
            try connection.execute(
                """
                UPDATE budgets SET name = ?, amount = ?, enforced = ?, thresholds = ?, forecast_thresholds = ?, reached = '',
                    version = version + 1, updated_at = ?
                WHERE workspace = ? AND mode = ? AND id = ?
                """, draft.name, draft.amount, draft.enforced, draft.thresholds.text(of: .actual), draft.thresholds.text(of: .forecast),
                by.at, by.tenant.workspace, by.tenant.mode, id)
        }
        guard let updated = try Self.find(id, in: by.tenant, connection) else { throw Problem.notFound("budget") }
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
        case .view: "view"
        }
    }

    /// For what a body names: what does not exist is a mistake in the body.
    fileprivate func check(in tenant: Tenant, _ views: (any ViewCosts)?, _ connection: Connection) throws {
        do {
            switch self {
            case .account(let id): _ = try Account.find(id, in: tenant.workspace, connection)
            case .project(let id): _ = try Project.find(id, in: tenant.workspace, connection)
            case .view(let id): guard try views?.has(id, in: tenant, connection) == true else { throw Problem.notFound("cost view") }
            }
        } catch let problem as Problem where problem.code == .notFound {
            if case .view = self { throw Problem.invalid("scope/cost_view_id", "There is no such cost view.", code: "not_found") }
            throw Problem.invalid("scope/\(kind)_id", "There is no such \(kind).", code: "not_found")
        }
    }
}
