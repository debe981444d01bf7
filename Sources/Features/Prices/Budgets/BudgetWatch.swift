package import Kernel
package import Storage

/// Looks at the budgets of cost views and tells what they have reached: each threshold once a month. It may run twice.
///
/// They never keep anything out: what is billed elsewhere has happened already.
package struct BudgetWatch: Sendable {
    private let store: Store
    private let views: any ViewCosts
    private let surroundings: Surroundings

    package init(store: Store, views: any ViewCosts, surroundings: Surroundings) {
        self.store = store
        self.views = views
        self.surroundings = surroundings
    }

    package func run() async throws {
        let all = try await store.read { connection in
            try connection.rows("SELECT workspace, mode, id FROM budgets WHERE scope_kind = 'view' ORDER BY workspace, mode, id") { row in
                (tenant: try Tenant(workspace: row.get(0), mode: row.get(1)), id: try row.get(2, as: BudgetID.self))
            }
        }
        for (tenant, id) in all {
            let now = surroundings.now()
            // Costs are added up outside of the transaction that tells: a bill may be large.
            let standing: BudgetStanding?
            do {
                standing = try await store.scan { connection in
                    try Budget.find(id, in: tenant, connection).map { try BudgetStanding.read($0, in: tenant, at: now, views, connection) }
                }
            } catch is Problem {
                continue  // A view that can no longer be read keeps no other budget from being watched; reading it says why.
            }
            guard let standing else { continue }
            var thresholds = standing.budget.thresholds
            guard !thresholds.take(standing).isEmpty else { continue }
            try await store.write(in: tenant.workspace) { try tell(standing, in: tenant, $0) }
        }
    }

    private func tell(_ standing: BudgetStanding, in tenant: Tenant, _ connection: Connection) throws {
        // Locked, so that of two servers one tells.
        _ = try connection.row(
            "SELECT id FROM budgets WHERE workspace = ? AND mode = ? AND id = ?" + connection.dialect.forUpdate, tenant.workspace,
            tenant.mode, standing.budget.id
        ) { $0.text(0) }
        guard let budget = try Budget.find(standing.budget.id, in: tenant, connection), budget.version == standing.budget.version else {
            return
        }
        let by = Attribution(tenant: tenant, actor: .system("budgets"), address: nil, request: nil, surroundings: surroundings)
        var thresholds = budget.thresholds
        for (kind, percent) in thresholds.take(standing) {
            connection.append(
                EventDraft(
                    "budget.threshold_reached", subject: budget.id.rawValue,
                    data: [
                        "budget_id": JSON(budget.id), "name": .string(budget.name), "scope": budget.scope.json,
                        "kind": .string(kind.rawValue), "percent": .integer(percent), "amount": JSON(budget.amount),
                        "currency": .string(budget.currency), "period_start": JSON(standing.period.start), "spent": JSON(standing.spent),
                        "forecast": JSON(standing.budget.ledger.committed),
                    ]), by: by)
        }
        try connection.execute(
            "UPDATE budgets SET reached = ? WHERE workspace = ? AND mode = ? AND id = ?", thresholds.reached, tenant.workspace, tenant.mode,
            budget.id)
    }
}

extension BudgetThresholds {
    fileprivate mutating func take(_ standing: BudgetStanding) -> [(kind: Kind, percent: Int64)] {
        take(spent: standing.spent, forecast: standing.budget.ledger.committed, of: standing.budget.amount, in: standing.period)
    }
}
