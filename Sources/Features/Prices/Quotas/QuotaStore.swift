import Kernel
import Storage

/// One row holds all of a holder's use and limits, so that admission looks at one and changes one for the account, and one for the project; and
/// since it is the account's row that a reservation touches first, two of them never wait for each other crosswise.
extension Quota {
    /// In a limit's column: somebody decided that there is none.
    private static let unlimited = -1

    private static let uses = Metric.allCases.map(\.rawValue)
    private static let limits = uses.map { $0 + "_limit" }
    private static let columns = (uses + limits).joined(separator: ", ")
    private static let selection = "SELECT \(columns) FROM quota_use WHERE workspace = ? AND mode = ? AND scope = ?"
    private static let adding = """
        UPDATE quota_use SET \(uses.map { "\($0) = \($0) + ?" }.joined(separator: ", ")) WHERE workspace = ? AND mode = ? AND scope = ?
        """
    private static let beginning = """
        INSERT INTO quota_use (workspace, mode, scope, \(uses.joined(separator: ", "))) \
        VALUES (?, ?, ?, \(uses.map { _ in "0" }.joined(separator: ", "))) ON CONFLICT DO NOTHING
        """

    /// Throws `quota_exceeded` for the first metric that would grow past its limit. `locking` keeps the row as it is until the transaction ends.
    static func check(
        _ counts: [Metric: Int], for holder: Holder, in tenant: Tenant, locking: Bool, _ connection: Connection
    ) throws {
        guard !counts.isEmpty else { return }
        for standing in try standings(of: holder, in: tenant, locking: locking, connection) {
            guard let added = counts[standing.metric], added > 0, let limit = standing.limit, standing.used + added > limit else {
                continue
            }
            throw exceeded(holder, standing.metric, limit: limit, used: standing.used, requested: added)
        }
    }

    /// Adds to what the holder uses, which `check` has let pass in this transaction.
    static func add(_ counts: [Metric: Int], to holder: Holder, in tenant: Tenant, _ connection: Connection) throws {
        guard !counts.isEmpty else { return }
        let values = Metric.allCases.map { (counts[$0] ?? 0).sqlValue }
        try connection.execute(adding, values: values + [tenant.workspace.sqlValue, tenant.mode.sqlValue, holder.id.sqlValue])
    }

    /// Where there is no row to be locked, one is made.
    static func standings(of holder: Holder, in tenant: Tenant, locking: Bool = false, _ connection: Connection) throws -> [Standing] {
        func found() throws -> [Standing]? {
            try connection.row(
                selection + (locking ? connection.dialect.forUpdate : ""), tenant.workspace, tenant.mode, holder.id
            ) { row in Metric.allCases.enumerated().map { read($1, at: $0, row, holder, tenant.mode) } }
        }
        if let found = try found() { return found }
        if locking {
            try connection.execute(beginning, tenant.workspace, tenant.mode, holder.id)
            if let found = try found() { return found }
        }
        return Metric.allCases.map { metric in
            Standing(holder: holder, metric: metric, limit: holder.standardLimit(of: metric, in: tenant.mode), used: 0, isOwn: false)
        }
    }

    /// Sets a limit, `.some(nil)` for none; nil goes back to the standard one. A limit below what is used only keeps new things out.
    static func set(_ metric: Metric, to limit: Int??, for holder: Holder, by: Attribution, _ connection: Connection) throws -> Standing {
        let tenant = by.tenant
        func standing() throws -> Standing {
            let found = try standings(of: holder, in: tenant, connection).first { $0.metric == metric }
            guard let found else { throw StorageError.corrupt("A metric has no column.") }
            return found
        }
        let before = try standing()
        let stored: Int? = limit.map { $0 ?? unlimited }
        try connection.execute(
            """
            INSERT INTO quota_use (workspace, mode, scope, \(uses.joined(separator: ", ")), \(metric.rawValue)_limit)
            VALUES (?, ?, ?, \(uses.map { _ in "0" }.joined(separator: ", ")), ?)
            ON CONFLICT (workspace, mode, scope) DO UPDATE SET \(metric.rawValue)_limit = excluded.\(metric.rawValue)_limit
            """, tenant.workspace, tenant.mode, holder.id, stored)
        let after = try standing()
        if before.limit != after.limit || before.isOwn != after.isOwn {
            connection.append(
                EventDraft(
                    "quota.changed", subject: holder.id,
                    data: ["metric": .string(metric.rawValue), "before": JSON(before.limit), "after": JSON(after.limit)]), by: by)
        }
        return after
    }

    private static func read(_ metric: Metric, at index: Int, _ row: Row, _ holder: Holder, _ mode: Mode) -> Standing {
        let own = row.optionalInteger(uses.count + index)
        return Standing(
            holder: holder, metric: metric, limit: own == unlimited ? nil : own ?? holder.standardLimit(of: metric, in: mode),
            used: row.integer(index), isOwn: own != nil)
    }

    private static func exceeded(_ holder: Holder, _ metric: Metric, limit: Int, used: Int, requested: Int) -> Problem {
        Problem(
            .quotaExceeded, "The \(holder.word) may hold \(limit) \(metric.rawValue); it holds \(used), and this takes \(requested) more.",
            members: [
                "metric": .string(metric.rawValue), "limit": JSON(limit), "used": JSON(used), "requested": JSON(requested),
                "scope": [holder.word + "_id": .string(holder.id)].json,
            ])
    }
}

extension [String: JSON] {
    fileprivate var json: JSON { .object(map { JSON.Member($0.key, $0.value) }) }
}
