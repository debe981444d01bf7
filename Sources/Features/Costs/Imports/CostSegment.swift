import Kernel
import Storage

/// A stored segment: part of a bill, of one import.
struct CostSegment: Sendable {
    let importID: CostImportID
    let number: Int
    let rows: Int

    /// What distinguishes its columns from all others, for good: a segment never changes.
    var name: String { "\(importID)/\(number)" }
}

extension CostSegment {
    /// Keeps a segment of an import that still runs: no query sees it.
    static func stage(_ sealed: SealedSegment, _ number: Int, of id: CostImportID, in tenant: Tenant, _ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO cost_segments (workspace, mode, import, number, is_live, provider, billing_account, billing_period, first_charge,
                last_charge, rows) VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)
            """, tenant.workspace, tenant.mode, id, number, sealed.key.provider, sealed.key.billingAccount, sealed.key.period,
            sealed.firstCharge, sealed.lastCharge, sealed.rows)
        for column in sealed.columns {
            try connection.execute(
                "INSERT INTO cost_cells (workspace, mode, import, number, name, kind, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
                tenant.workspace, tenant.mode, id, number, column.name, Int(column.kind.rawValue), column.bytes)
        }
    }

    static func remove(of id: CostImportID, in tenant: Tenant, _ connection: Connection) throws {
        for table in ["cost_cells", "cost_segments"] {
            try connection.execute(
                "DELETE FROM \(table) WHERE workspace = ? AND mode = ? AND import = ?", tenant.workspace, tenant.mode, id)
        }
    }

    /// Shows the import's segments to queries, in place of those they restate. Answers how many rows were replaced.
    static func release(_ done: CostImport, in tenant: Tenant, _ connection: Connection) throws -> Int {
        let replaced = try replaced(by: done, in: tenant, connection)
        for (id, number, _) in replaced {
            for table in ["cost_cells", "cost_segments"] {
                try connection.execute(
                    "DELETE FROM \(table) WHERE workspace = ? AND mode = ? AND import = ? AND number = ?", tenant.workspace, tenant.mode,
                    id,
                    number)
            }
        }
        try connection.execute(
            "UPDATE cost_segments SET is_live = 1 WHERE workspace = ? AND mode = ? AND import = ?", tenant.workspace, tenant.mode, done.id)
        for id in Set(replaced.map(\.0)) {
            try connection.execute(
                """
                UPDATE cost_imports SET status = 'replaced' WHERE workspace = ? AND mode = ? AND id = ? AND NOT EXISTS (
                    SELECT 1 FROM cost_segments s WHERE s.workspace = cost_imports.workspace AND s.mode = cost_imports.mode
                        AND s.import = cost_imports.id)
                """, tenant.workspace, tenant.mode, id)
        }
        return replaced.reduce(0) { $0 + $1.2 }
    }

    private static func replaced(by done: CostImport, in tenant: Tenant, _ connection: Connection) throws -> [(CostImportID, Int, Int)] {
        let condition =
            switch done.replacing {
            case .period:
                """
                EXISTS (SELECT 1 FROM cost_segments n WHERE n.workspace = s.workspace AND n.mode = s.mode AND n.import = ?
                    AND n.provider = s.provider AND n.billing_account = s.billing_account AND n.billing_period = s.billing_period)
                """
            case .name:
                """
                s.import IN (SELECT i.id FROM cost_imports o JOIN cost_imports i
                    ON i.workspace = o.workspace AND i.mode = o.mode AND i.name = o.name
                    WHERE o.workspace = s.workspace AND o.mode = s.mode AND o.id = ?)
                """
            }
        return try connection.rows(
            """
            SELECT s.import, s.number, s.rows FROM cost_segments s
            WHERE s.workspace = ? AND s.mode = ? AND s.is_live = 1 AND \(condition) AND s.import <> ?
            """, tenant.workspace, tenant.mode, done.id, done.id
        ) { (try $0.get(0), $0.integer(1), $0.integer(2)) }
    }

    static func periods(of id: CostImportID, in tenant: Tenant, _ connection: Connection) throws -> [JSON] {
        try connection.rows(
            """
            SELECT DISTINCT provider, billing_account, billing_period FROM cost_segments
            WHERE workspace = ? AND mode = ? AND import = ? ORDER BY 1, 2, 3 LIMIT 1000
            """, tenant.workspace, tenant.mode, id
        ) { row in
            ["provider": .string(row.text(0)), "billing_account_id": .string(row.text(1)), "billing_period_start": JSON(row.time(2))]
        }
    }
}
