package import Kernel
import Storage
package import Web

/// An amount of money for a calendar month, UTC: what an account or a project may commit itself to, or what a cost view is meant to come to.
package struct Budget: Sendable {
    package let id: BudgetID
    package let name: String
    package let scope: Scope
    package let amount: ExactDecimal
    package let currency: String
    /// False only reports. Always false for a cost view.
    package let enforced: Bool
    /// Of a cost view: what is told when it is reached.
    package let thresholds: BudgetThresholds
    let ledger: Ledger
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package enum Scope: Sendable, Equatable {
        case account(AccountID)
        case project(ProjectID)
        case view(CostViewID)

        var id: String {
            switch self {
            case .account(let id): id.rawValue
            case .project(let id): id.rawValue
            case .view(let id): id.rawValue
            }
        }
    }

    /// The running sum of what the scope's resources will have cost by the end of the period if nothing changes.
    struct Ledger: Sendable {
        let committed: ExactDecimal
        let periodStart: Timestamp
        /// Prices have changed since it was computed.
        let isStale: Bool
    }

    package var etag: ETag { ETag(version: version) }
}

extension Budget {
    static let selection = """
        SELECT id, name, scope_kind, scope, amount, currency, enforced, committed, period_start, is_stale, version, created_at, updated_at,
            thresholds, forecast_thresholds, reached
        FROM budgets
        """

    static func read(_ row: Row) throws -> Budget {
        let scope: Scope =
            switch row.text(2) {
            case "account": .account(AccountID(row.text(3)))
            case "project": .project(ProjectID(row.text(3)))
            default: .view(CostViewID(row.text(3)))
            }
        return try Budget(
            id: row.get(0), name: row.text(1), scope: scope, amount: row.get(4), currency: row.text(5), enforced: row.get(6),
            thresholds: BudgetThresholds(actual: row.text(13), forecast: row.text(14), reached: row.text(15)),
            ledger: Ledger(committed: row.get(7), periodStart: row.time(8), isStale: row.get(9)), version: row.integer(10),
            createdAt: row.time(11), updatedAt: row.time(12))
    }

    /// Those that any of these scopes counts against, the oldest first. Reservations and refreshes take their locks scope by scope, in one order.
    static func hit(by scopes: Set<String>, in tenant: Tenant, locking: Bool, _ connection: Connection) throws -> [Budget] {
        let sql = "\(selection) WHERE workspace = ? AND mode = ? AND scope = ? ORDER BY id\(locking ? connection.dialect.forUpdate : "")"
        let found = try scopes.sorted().flatMap { scope in
            try connection.remembered([tenant.workspace.rawValue, tenant.mode.rawValue, scope], of: "budgets") {
                try connection.rows(sql, tenant.workspace, tenant.mode, scope, as: read)
            }
        }
        return found.sorted { $0.id < $1.id }
    }
}
