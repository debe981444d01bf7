package import Kernel
import Provider
package import Storage

/// Keeps a project from growing: what is there can be stopped and deleted, nothing is made or started.
///
/// Each that froze it holds it on its own, so that one taking back its freeze does not undo another's.
package enum ProjectFreeze {
    /// Answers false when this holder has frozen it already.
    package static func freeze(
        _ project: ProjectID, holder: String, because reason: String, by: Attribution, _ connection: Connection
    ) throws -> Bool {
        let isNew = try connection.execute(
            """
            INSERT INTO project_freezes (workspace, mode, project, reason, holder, frozen_at) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """, by.tenant.workspace, by.tenant.mode, project, reason, holder, by.at)
        guard isNew > 0 else { return false }
        connection.append(
            EventDraft("project.frozen", subject: project.rawValue, data: ["project_id": JSON(project), "reason": .string(reason)]), by: by)
        return true
    }

    /// Answers false when this holder does not hold it.
    package static func thaw(_ project: ProjectID, holder: String, by: Attribution, _ connection: Connection) throws -> Bool {
        let wasHeld = try connection.execute(
            "DELETE FROM project_freezes WHERE workspace = ? AND mode = ? AND project = ? AND holder = ?", by.tenant.workspace,
            by.tenant.mode, project, holder)
        guard wasHeld > 0 else { return false }
        connection.append(EventDraft("project.unfrozen", subject: project.rawValue, data: ["project_id": JSON(project)]), by: by)
        return true
    }

    /// Throws `project_frozen`, with the reason.
    static func forbid(in project: ProjectID, _ tenant: Tenant, _ connection: Connection) throws {
        let freezes = try connection.rows(
            "SELECT frozen_at, reason FROM project_freezes WHERE workspace = ? AND mode = ? AND project = ?", tenant.workspace, tenant.mode,
            project
        ) { (at: $0.time(0), reason: $0.text(1)) }
        guard let first = freezes.min(by: { $0.at < $1.at }) else { return }
        throw Problem(.projectFrozen, "The project is frozen: \(first.reason)")
    }
}

extension Operation.Verb {
    /// What makes a project neither larger nor busier.
    func isAllowedWhileFrozen(to spec: Spec, from known: Spec) -> Bool {
        switch self {
        case .stop, .detach, .delete: true
        case .update: known.instance?.power == .running && spec.instance?.power == .stopped && spec.instance?.size == known.instance?.size
        default: false
        }
    }
}
