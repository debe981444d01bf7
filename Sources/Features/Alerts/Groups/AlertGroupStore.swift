import Kernel
import Storage

/// Where one group of an alert stands, as it is stored.
struct StoredGroup: Sendable {
    let group: AlertGroup
    let phase: AlertPhase
    let owesNotice: Bool

    static func all(of alert: Alert, _ connection: Connection) throws -> [StoredGroup] {
        try connection.rows(
            """
            SELECT label_set, state, since, notified_at, owes_notice FROM alert_groups WHERE workspace = ? AND mode = ? AND alert = ?
            ORDER BY label_set
            """, alert.tenant.workspace, alert.tenant.mode, alert.id
        ) { row -> StoredGroup in
            guard let group = AlertGroup(stored: row.text(0)) else { throw StorageError.corrupt("A group of an alert has no label set.") }
            return StoredGroup(
                group: group, phase: AlertPhase(state: try row.get(1), since: row.time(2), notifiedAt: try row.get(3)),
                owesNotice: try row.get(4))
        }
    }

    /// Of every alert whose groups have the value, which alerts and which groups.
    static func about(_ resources: [String], in tenant: Tenant, _ connection: Connection) throws -> [(alert: AlertID, group: StoredGroup)] {
        try connection.rows(
            """
            SELECT label_set, state, since, notified_at, owes_notice, alert FROM alert_groups WHERE workspace = ? AND mode = ?
            AND label_set LIKE '%"resource":%' ORDER BY alert, label_set
            """, tenant.workspace, tenant.mode
        ) { row -> (AlertID, StoredGroup)? in
            guard let group = AlertGroup(stored: row.text(0)), let resource = group.resource, resources.contains(resource.rawValue) else {
                return nil
            }
            return (
                try row.get(5),
                StoredGroup(
                    group: group, phase: AlertPhase(state: try row.get(1), since: row.time(2), notifiedAt: try row.get(3)),
                    owesNotice: try row.get(4))
            )
        }.compactMap(\.self)
    }
}

extension Alert {
    /// Where this group of it stands.
    func save(_ group: AlertGroup, _ phase: AlertPhase, owesNotice: Bool, _ connection: Connection) throws {
        if isGone, phase.state == .inactive {
            try connection.execute(
                "DELETE FROM alert_groups WHERE workspace = ? AND mode = ? AND alert = ? AND label_set = ?", tenant.workspace, tenant.mode,
                id, group.text)
        } else {
            try connection.execute(
                """
                INSERT INTO alert_groups (workspace, mode, alert, label_set, state, since, notified_at, owes_notice)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (workspace, mode, alert, label_set) DO UPDATE SET state = excluded.state, since = excluded.since, \
                notified_at = excluded.notified_at, owes_notice = excluded.owes_notice
                """, tenant.workspace, tenant.mode, id, group.text, phase.state, phase.since, phase.notifiedAt, owesNotice)
        }
    }

    /// An alert of many groups stands where the worst of them does, for who lists alerts.
    func saveWorst(at now: Timestamp, _ connection: Connection) throws {
        let states = Set(try StoredGroup.all(of: self, connection).map(\.phase.state))
        let worst = AlertPhase.State.worstFirst.first(where: states.contains) ?? .inactive
        try connection.execute(
            "UPDATE alerts SET state = ?, since = ? WHERE workspace = ? AND mode = ? AND id = ? AND state <> ?", worst, now,
            tenant.workspace, tenant.mode, id, worst)
    }
}

extension AlertPhase.State {
    static let worstFirst: [AlertPhase.State] = [.firing, .recovering, .pending, .resolved, .inactive]
}
