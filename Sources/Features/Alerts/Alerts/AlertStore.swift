import Identity
package import Kernel
import Prices
package import Storage
import Web

extension Alert {
    private static let columns = """
        id, workspace, mode, name, account, project, resource, selector, projects, rule, recover, pending_for, keep_firing_for, repeat_every, \
        no_data, channels, action, severity, labels, currency, state, since, notified_at, silenced_until, silence_reason, owes_notice, \
        version, created_at, updated_at, group_by, silence_matchers
        """
    private static let selection = "SELECT \(columns), late_mark FROM alerts"

    private static func read(_ row: Row) throws -> Alert {
        let subject = Subject(account: try row.get(4), project: try row.get(5), resource: try row.get(6), selector: try row.get(7))
        guard let rule = try? Rule(row.text(9)) else { throw StorageError.corrupt("An alert has no rule.") }
        let recover: String? = try row.get(10)
        var draft = AlertDraft(
            name: row.text(3), subject: subject, rule: rule, channels: row.text(15).split(separator: " ").compactMap { Channel($0) })
        draft.recover = try recover.map { try Rule($0) }
        draft.timing.pendingFor = try row.get(11)
        draft.timing.keepFiringFor = try row.get(12)
        draft.timing.repeatEvery = try row.get(13)
        draft.timing.noData = try row.get(14)
        let action: String? = try row.get(16)
        draft.action = try action.flatMap { AlertAction(try JSONParser.parse($0.utf8)) }
        draft.severity = try row.get(17)
        draft.labels = [String: String](labels: try JSONParser.parse(row.text(18).utf8))
        draft.currency = row.text(19)
        let keys: String? = try row.get(29)
        draft.groupBy = try keys.map { try JSONParser.parse($0.utf8).array ?? [] }?.compactMap { $0.string.flatMap { GroupKey($0) } } ?? []
        let matchers: String? = try row.get(30)
        let projects: String? = try row.get(8)
        let until: Timestamp? = try row.get(23)
        let reason: String? = try row.get(24)
        return Alert(
            id: try row.get(0), tenant: Tenant(workspace: try row.get(1), mode: try row.get(2)), draft: draft,
            projects: projects.map { $0.split(separator: " ").map { ProjectID(String($0)) } },
            phase: AlertPhase(state: try row.get(20), since: row.time(21), notifiedAt: try row.get(22)),
            silence: try until.map {
                Silence(
                    until: $0, reason: reason ?? "",
                    matchers: try matchers.map { [String: String](labels: try JSONParser.parse($0.utf8)) } ?? [:])
            }, owesNotice: try row.get(25), version: row.integer(26),
            createdAt: row.time(27), updatedAt: row.time(28), lateMark: LateData.Mark(stored: try row.get(31)))
    }

    /// Nil where there is none.
    package static func find(_ id: AlertID, in tenant: Tenant, _ connection: Connection) throws -> Alert? {
        try connection.row("\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
    }

    /// Throws `not_found`, also for what the caller may not see.
    package static func find(_ id: AlertID, for caller: Caller, _ connection: Connection) throws -> Alert {
        guard let found = try find(id, in: caller.tenant, connection), try found.isVisible(to: caller, connection) else {
            throw Problem.notFound("alert")
        }
        return found
    }

    /// All of the tenant's, the oldest first; there are at most `most`.
    package static func all(in tenant: Tenant, _ connection: Connection) throws -> [Alert] {
        try connection.rows("\(selection) WHERE workspace = ? AND mode = ? ORDER BY id", tenant.workspace, tenant.mode, as: read)
    }

    /// Whoever has one; for the evaluation, never for a caller.
    static func tenants(_ connection: Connection) throws -> [Tenant] {
        try connection.rows("SELECT DISTINCT workspace, mode FROM alerts") { try Tenant(workspace: $0.get(0), mode: $0.get(1)) }
    }

    static let sortFields = ["created_at", "name"]

    struct Filter: Sendable {
        var state: String?
        var account: String?
        var project: String?
        var resource: String?
    }

    static func list(_ request: PageRequest, _ filter: Filter, for caller: Caller, _ connection: Connection) throws -> Page<Alert> {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "name": .text("name")], defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ? AND mode = ?", caller.workspace, caller.mode)
        if !caller.reachesWorkspace {
            query.filter(
                "id", isOneOf: try all(in: caller.tenant, connection).filter { try $0.isVisible(to: caller, connection) }.map(\.id))
        }
        if let state = filter.state { query.filter("state = ?", state) }
        if let account = filter.account { query.filter("account = ?", account) }
        if let project = filter.project { query.filter("project = ?", project) }
        if let resource = filter.resource { query.filter("resource = ?", resource) }
        return try query.page(
            request, connection, place: { item, sort in .init(value: sort == "name" ? item.draft.name : "", id: item.id.rawValue) },
            as: read)
    }

    /// Whether the caller may know of it.
    func isVisible(to caller: Caller, _ connection: Connection) throws -> Bool {
        if caller.reachesWorkspace { return true }
        if let project = draft.subject.project { return caller.role(in: project) != nil }
        // Its groups tell of projects one by one.
        guard let account = draft.subject.account, draft.groupBy.isEmpty else {
            return projects?.allSatisfy { caller.role(in: $0) != nil } == true
        }
        do {
            _ = try Account.find(account, for: caller, connection)
            return true
        } catch let problem as Problem where problem.code == .notFound {
            return false
        }
    }

    /// Throws `forbidden` for who may only look.
    func requireEditor(_ caller: Caller) throws {
        if caller.reachesWorkspace { return try caller.requireWorkspace(.editor) }
        if let project = draft.subject.project { return try caller.require(.editor, in: project) }
        guard let projects else {
            throw Problem(.forbidden, "This alert belongs to the workspace; it needs a credential of the workspace.")
        }
        for project in projects { try caller.require(.editor, in: project) }
    }
}

extension Alert {
    /// Throws `quota_exceeded`.
    static func create(_ draft: AlertDraft, projects: [ProjectID]?, by: Attribution, _ connection: Connection) throws -> Alert {
        let tenant = by.tenant
        let count = try connection.row("SELECT COUNT(*) FROM alerts WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode) {
            $0.integer(0)
        }
        guard let count, count < most else { throw Problem(.quotaExceeded, "A workspace may have \(most) alerts in each mode.") }
        let alert = Alert(
            id: by.makeID(), tenant: tenant, draft: draft, projects: projects, phase: AlertPhase(state: .inactive, since: by.at),
            silence: nil, owesNotice: false, version: 1, createdAt: by.at, updatedAt: by.at)
        try connection.execute(
            """
            INSERT INTO alerts (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
            ?)
            """, alert.id, tenant.workspace, tenant.mode, draft.name, draft.subject.account, draft.subject.project,
            draft.subject.resource, draft.subject.selector, projects.map { $0.map(\.rawValue).joined(separator: " ") }, draft.rule.source,
            draft.recover?.source, draft.timing.pendingFor, draft.timing.keepFiringFor, draft.timing.repeatEvery, draft.timing.noData,
            draft.channelText, draft.action?.json.text, draft.severity, JSON(labels: draft.labels).text, draft.currency,
            alert.phase.state, alert.phase.since, alert.phase.notifiedAt, SQLValue.null, SQLValue.null, false, 1, by.at, by.at,
            draft.groupBy.isEmpty ? nil : JSON.array(draft.groupBy.map { .string($0.text) }).text, SQLValue.null)
        connection.append(EventDraft("alert.created", subject: alert.id.rawValue, data: alert.eventData(after: alert.snapshot)), by: by)
        return alert
    }

    func update(_ draft: AlertDraft, by: Attribution, _ connection: Connection) throws -> Alert {
        try connection.execute(
            """
            UPDATE alerts SET name = ?, rule = ?, recover = ?, pending_for = ?, keep_firing_for = ?, repeat_every = ?, no_data = ?, \
            channels = ?, action = ?, severity = ?, labels = ?, currency = ?, version = version + 1, updated_at = ?
            WHERE workspace = ? AND mode = ? AND id = ?
            """, draft.name, draft.rule.source, draft.recover?.source, draft.timing.pendingFor, draft.timing.keepFiringFor,
            draft.timing.repeatEvery, draft.timing.noData, draft.channelText, draft.action?.json.text, draft.severity,
            JSON(labels: draft.labels).text, draft.currency, by.at, tenant.workspace, tenant.mode, id)
        let updated = try reread(connection)
        connection.append(
            EventDraft("alert.updated", subject: id.rawValue, data: eventData(before: snapshot, after: updated.snapshot)), by: by)
        return updated
    }

    /// Takes back its freeze with it: nobody could afterwards.
    func delete(by: Attribution, _ connection: Connection) throws {
        if let deed = try AlertDeed.last(of: self, connection) { try deed.thaw(by: by, connection) }
        for table in ["alert_groups", "alert_changes", "alert_deeds"] {
            try connection.execute(
                "DELETE FROM \(table) WHERE workspace = ? AND mode = ? AND alert = ?", tenant.workspace, tenant.mode, id)
        }
        try connection.execute("DELETE FROM alerts WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id)
        connection.append(EventDraft("alert.deleted", subject: id.rawValue, data: eventData(before: snapshot)), by: by)
    }

    /// Nil lets it speak again.
    func silence(_ silence: Silence?, by: Attribution, _ connection: Connection) throws -> Alert {
        try connection.execute(
            """
            UPDATE alerts SET silenced_until = ?, silence_reason = ?, silence_matchers = ?, updated_at = ?
            WHERE workspace = ? AND mode = ? AND id = ?
            """, silence?.until, silence?.reason, silence.map { JSON(labels: $0.matchers).text }, by.at, tenant.workspace, tenant.mode, id)
        var data: [JSON.Member] = []
        if let project = draft.subject.project { data.append(.init("project_id", JSON(project))) }
        if let silence {
            data += [.init("until", JSON(silence.until)), .init("reason", .string(silence.reason))]
            if !silence.matchers.isEmpty { data.append(.init("matchers", JSON(labels: silence.matchers))) }
        }
        connection.append(
            EventDraft(silence == nil ? "alert.unsilenced" : "alert.silenced", subject: id.rawValue, data: .object(data)), by: by)
        return try reread(connection)
    }

    /// Where it stands, and whether a notice is owed.
    func save(_ phase: AlertPhase, owesNotice: Bool, at now: Timestamp, _ connection: Connection) throws {
        if let group {
            try save(group, phase, owesNotice: owesNotice, connection)
            return try saveWorst(at: now, connection)
        }
        try connection.execute(
            "UPDATE alerts SET state = ?, since = ?, notified_at = ?, owes_notice = ? WHERE workspace = ? AND mode = ? AND id = ?",
            phase.state, phase.since, phase.notifiedAt, owesNotice, tenant.workspace, tenant.mode, id)
    }

    private func reread(_ connection: Connection) throws -> Alert {
        guard let found = try Self.find(id, in: tenant, connection) else { throw Problem.notFound("alert") }
        return found
    }

    private func eventData(before: JSON? = nil, after: JSON? = nil) -> JSON {
        var members: [JSON.Member] = []
        if let project = draft.subject.project { members.append(.init("project_id", JSON(project))) }
        if let before { members.append(.init("before", before)) }
        if let after { members.append(.init("after", after)) }
        return .object(members)
    }
}

extension [String: String] {
    init(labels json: JSON) {
        self.init((json.members ?? []).map { ($0.name, $0.value.string ?? "") }, uniquingKeysWith: { $1 })
    }
}

extension AlertDraft {
    fileprivate var channelText: String { channels.map(\.rawValue).joined(separator: " ") }
}

extension Alert.Channel {
    fileprivate init?(_ text: Substring) { self.init(rawValue: String(text)) }
}
