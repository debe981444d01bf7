import Kernel
import Provider
import Resources
import Storage

package enum DeedKind: IDKind { package static let prefix = "act" }
package enum ChangeKind: IDKind { package static let prefix = "alc" }

/// Something an alert has done, and what to take back when somebody wants it undone.
package struct AlertDeed: Sendable {
    let id: ID<DeedKind>
    let alert: AlertID
    let tenant: Tenant
    let action: AlertAction
    /// Those that were really stopped.
    let resources: [ResourceID]
    let failures: [Failure]
    let at: Timestamp
    let undoneAt: Timestamp?
    /// Of which group of the alert.
    let group: AlertGroup?

    struct Failure: Sendable, Equatable {
        let resource: ResourceID
        let detail: String

        var json: JSON { ["resource_id": JSON(resource), "detail": .string(detail)] }
    }

    /// Instances that one deed stops.
    static let most = 1000

    var json: JSON {
        [
            "id": JSON(id), "action": action.json, "resource_ids": .array(resources.map { JSON($0) }),
            "failures": .array(failures.map(\.json)), "group": group?.json ?? .null, "at": JSON(at), "undone_at": JSON(undoneAt),
        ]
    }
}

extension AlertDeed {
    private static let selection =
        "SELECT id, alert, workspace, mode, action, resources, failures, at, undone_at, label_set FROM alert_deeds"

    private static func read(_ row: Row) throws -> AlertDeed {
        guard let action = AlertAction(try JSONParser.parse(row.text(4).utf8)) else { throw StorageError.corrupt("A deed has no action.") }
        let group: String? = try row.get(9)
        return AlertDeed(
            id: try row.get(0), alert: try row.get(1), tenant: Tenant(workspace: try row.get(2), mode: try row.get(3)), action: action,
            resources: row.text(5).split(separator: " ").map { ResourceID(String($0)) },
            failures: (try JSONParser.parse(row.text(6).utf8).array ?? []).map {
                Failure(resource: ResourceID($0["resource_id"]?.string ?? ""), detail: $0["detail"]?.string ?? "")
            }, at: row.time(7), undoneAt: try row.get(8), group: group.flatMap { AlertGroup(stored: $0) })
    }

    /// The last thing the alert did, for any of its groups; that of the group where the alert is one group of an alert.
    static func last(of alert: Alert, _ connection: Connection) throws -> AlertDeed? {
        guard let group = alert.group else {
            return try connection.row(
                "\(selection) WHERE workspace = ? AND mode = ? AND alert = ? ORDER BY at DESC, id DESC LIMIT 1", alert.tenant.workspace,
                alert.tenant.mode, alert.id, as: read)
        }
        return try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND alert = ? AND label_set = ? ORDER BY at DESC, id DESC LIMIT 1",
            alert.tenant.workspace, alert.tenant.mode, alert.id, group.text, as: read)
    }

    /// Everything that was done to any of these.
    static func touching(_ resources: [String], in tenant: Tenant, _ connection: Connection) throws -> [AlertDeed] {
        try connection.rows(
            "\(selection) WHERE workspace = ? AND mode = ? ORDER BY at LIMIT 1000", tenant.workspace, tenant.mode, as: read
        ).filter { deed in deed.resources.contains { resources.contains($0.rawValue) } }
    }

    func insert(_ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO alert_deeds (workspace, mode, alert, id, action, resources, failures, at, label_set)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            tenant.workspace, tenant.mode, alert, id, action.json.text, resources.map(\.rawValue).joined(separator: " "),
            JSON.array(failures.map(\.json)).text, at, group?.text)
    }
}

// MARK: Doing

extension Alert {
    /// What its action would be done to now.
    func targets(_ connection: Connection) throws -> [Resource] {
        guard case .stop(let selector, let project)? = draft.action?.kind else { return [] }
        let focus = AlertFocus(self)
        if selector == nil, project == nil, let id = focus.resource {
            return try [Resource.find(id, in: tenant, connection)].filter(\.canBeStopped)
        }
        // Of a group only what belongs to it, unless the action names a project of its own.
        var scan = project == nil ? try focus.scan() : ResourceScan()
        scan.kind = .instance
        // Whose selector this is decides: an alert about one resource may stop others.
        if selector != nil, group == nil { scan.id = nil }
        scan.account = draft.subject.account
        if let project { scan.projects = [project] }
        scan.selector = try (selector ?? (project == nil ? draft.subject.selector : nil)).map { try LabelSelector($0) }
        return try scan.resources(in: tenant, limit: AlertDeed.most, connection).filter(\.canBeStopped)
    }

    /// Whether it has acted too short a while ago.
    func isCoolingDown(at now: Timestamp, _ connection: Connection) throws -> Bool {
        guard let action = draft.action, let last = try AlertDeed.last(of: self, connection) else { return false }
        return now < last.at.adding(seconds: action.cooldown)
    }

    /// Does it, through the same admission as a caller's request. What cannot be stopped does not keep the others from it.
    ///
    /// Answers nil when there is nothing to do, or it was done a short while ago.
    func act(_ engine: OperationEngine, by: Attribution, _ connection: Connection) throws -> AlertDeed? {
        guard let action = draft.action, try !isCoolingDown(at: by.at, connection) else { return nil }
        var stopped: [ResourceID] = []
        var failures: [AlertDeed.Failure] = []
        switch action.kind {
        case .stop:
            for target in try targets(connection) {
                guard !action.isDryRun else {
                    stopped.append(target.id)
                    continue
                }
                do {
                    if try connection.savepoint({ try engine.stop(target, by: by, connection) }) != nil { stopped.append(target.id) }
                } catch let problem as Problem {
                    failures.append(.init(resource: target.id, detail: problem.detail))
                }
            }
        case .freeze(let project):
            if !action.isDryRun {
                _ = try ProjectFreeze.freeze(
                    project, holder: id.rawValue, because: "The alert \(draft.name) fires: \(draft.rule.source).", by: by, connection)
            }
        }
        let deed = AlertDeed(
            id: by.makeID(), alert: id, tenant: tenant, action: action, resources: stopped, failures: failures, at: by.at, undoneAt: nil,
            group: group)
        connection.append(EventDraft("alert.acted", subject: id.rawValue, data: deed.eventData(of: self)), by: by)
        guard !action.isDryRun else { return nil }
        try deed.insert(connection)
        return deed
    }
}

extension Resource {
    /// Whether a stop changes anything.
    fileprivate var canBeStopped: Bool {
        guard kind == .instance, let spec = spec.instance else { return false }
        switch phase {
        case .pending, .creating, .ready, .updating, .unknown: return spec.power == .running || power == .running
        default: return false
        }
    }
}

// MARK: Undoing

extension AlertDeed {
    func eventData(of alert: Alert) -> JSON {
        var members = alert.subjectMembers.filter { $0.name != "group" }
        if let group { members.append(.init("group", group.json)) }
        members += [
            .init("name", .string(alert.draft.name)), .init("action", action.json),
            .init("resource_ids", .array(resources.map { JSON($0) })), .init("failures", .array(failures.map(\.json))),
            .init("cause", ["resource_ids": .array(resources.prefix(AlertCause.most).map { JSON($0) })]),
        ]
        return .object(members)
    }

    /// Starts what it stopped and lets go what it froze; once. Throws `forbidden` for who may not change these.
    func undo(_ alert: Alert, _ engine: OperationEngine, for caller: Caller, by: Attribution, _ connection: Connection) throws -> AlertDeed
    {
        guard undoneAt == nil else { return self }
        var started: [ResourceID] = []
        var failures: [Failure] = []
        if case .freeze(let project) = action.kind { try caller.require(.editor, in: project) }
        try thaw(by: by, connection)
        for id in resources {
            do {
                let resource = try Resource.find(id, in: tenant, connection)
                try caller.require(.editor, in: resource.project)
                if try connection.savepoint({ try engine.start(resource, by: by, connection) }) != nil { started.append(id) }
            } catch let problem as Problem where problem.code != .forbidden {
                failures.append(.init(resource: id, detail: problem.detail))
            }
        }
        try connection.execute(
            "UPDATE alert_deeds SET undone_at = ? WHERE workspace = ? AND mode = ? AND alert = ? AND id = ?", by.at, tenant.workspace,
            tenant.mode, self.alert, id)
        let undone = AlertDeed(
            id: id, alert: self.alert, tenant: tenant, action: action, resources: started, failures: failures, at: at, undoneAt: by.at,
            group: group)
        connection.append(EventDraft("alert.undone", subject: self.alert.rawValue, data: undone.eventData(of: alert)), by: by)
        return undone
    }

    func thaw(by: Attribution, _ connection: Connection) throws {
        if case .freeze(let project) = action.kind {
            _ = try ProjectFreeze.thaw(project, holder: alert.rawValue, by: by, connection)
        }
    }
}
