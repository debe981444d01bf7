import Identity
package import Kernel
package import Storage
import Web

extension Opportunity {
    private static let selection = """
        SELECT id, source, type, record_id, status, place, difficulty, impact, priority, thread, pull_request, secondary_id, automation,
            details, is_manual, version, created_at, last_detected_at, status_updated_at, gone_at
        FROM opportunities
        """
    static let sortFields = ["created_at"]

    private static func read(_ row: Row) throws -> Opportunity {
        try Opportunity(
            id: Int64(row.text(0)) ?? 0, source: row.text(1), type: row.text(2), recordID: row.text(3), status: row.get(4),
            place: Place(JSONParser.parse(row.text(5).utf8)), difficulty: row.get(6), impact: row.get(7), priority: row.get(8),
            thread: row.get(9), githubPullRequest: row.get(10), secondaryID: row.get(11), hasAutomation: row.get(12),
            details: JSONParser.parse(row.text(13).utf8), isManual: row.get(14), version: row.integer(15), createdAt: row.time(16),
            lastDetectedAt: row.time(17), statusUpdatedAt: row.time(18), goneAt: row.get(19))
    }

    /// Numbers sort as text once they are of one length.
    private static func key(_ id: Int64) -> String { String(repeating: "0", count: max(0, 12 - String(id).count)) + String(id) }

    static func find(_ id: Int64, for caller: Caller, _ connection: Connection) throws -> Opportunity {
        let found = try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND id = ?", caller.workspace, caller.mode, key(id), as: read)
        guard let found, try Sight(of: caller, connection).sees(found) else { throw Problem.notFound("opportunity") }
        return found
    }

    /// All the caller may see that fit, the largest saving first, then the oldest.
    static func all(_ filter: OpportunityFilter, for caller: Caller, _ connection: Connection) throws -> [Opportunity] {
        guard !filter.isImpossible else { return [] }
        let sight = try Sight(of: caller, connection)
        let (condition, values) = filter.condition
        return try connection.rows(
            "\(selection) WHERE workspace = ? AND mode = ?\(condition) ORDER BY id",
            [caller.workspace.sqlValue, caller.mode.sqlValue] + values, as: read
        ).filter { filter.fits($0) && sight.sees($0) }.sorted { $1.impact == $0.impact ? $0.id < $1.id : $1.impact < $0.impact }
    }

    /// Those of a thread, whoever asks.
    static func all(inThread thread: Int64, _ tenant: Tenant, _ connection: Connection) throws -> [Opportunity] {
        try connection.rows(
            "\(selection) WHERE workspace = ? AND mode = ? AND thread = ? ORDER BY id", tenant.workspace, tenant.mode, thread, as: read)
    }

    // MARK: Changes

    /// Keeps a finding. Found before under the same source, type and record it is refreshed, and its status, number and making stay; only
    /// what `end` closed is open again.
    @discardableResult
    package static func record(_ finding: Finding, by: Attribution, _ connection: Connection) throws -> Opportunity {
        let tenant = by.tenant
        let known = try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND source = ? AND type = ? AND record_id = ?", tenant.workspace, tenant.mode,
            finding.source, finding.type, finding.recordID, as: read)
        guard let known else { return try create(finding, isManual: false, by: by, connection) }
        var found = known
        (found.place, found.difficulty, found.impact, found.details) = (finding.place, finding.difficulty, finding.impact, finding.details)
        found.lastDetectedAt = by.at
        if found.goneAt != nil { (found.status, found.statusUpdatedAt, found.goneAt) = (.open, by.at, nil) }
        try found.save(tenant, connection)
        found.note(changeFrom: known, by: by, connection)
        return found
    }

    /// Those that a detector found and nobody has taken up.
    static func detectedAndOpen(by source: String, in tenant: Tenant, _ connection: Connection) throws -> [Opportunity] {
        try connection.rows(
            """
            \(selection) WHERE workspace = ? AND mode = ? AND source = ? AND is_manual = 0 AND status = ? AND thread IS NULL ORDER BY id
            """, tenant.workspace, tenant.mode, source, Status.open, as: read)
    }

    /// It is not found any more: `Done`, unless somebody has taken it up since it was looked for.
    func end(by: Attribution, _ connection: Connection) throws {
        let known = try connection.row(
            "\(Self.selection) WHERE workspace = ? AND mode = ? AND id = ?", by.tenant.workspace, by.tenant.mode, Self.key(id),
            as: Self.read)
        guard let known, known.status == .open, known.thread == nil, known.lastDetectedAt == lastDetectedAt else { return }
        var ended = known
        (ended.status, ended.statusUpdatedAt, ended.goneAt) = (.done, by.at, by.at)
        try ended.save(by.tenant, connection)
        ended.note(changeFrom: known, by: by, connection)
    }

    private func note(changeFrom before: Opportunity, by: Attribution, _ connection: Connection) {
        guard snapshot != before.snapshot else { return }
        connection.append(
            EventDraft("opportunity.updated", subject: subject, data: ["before": before.snapshot, "after": snapshot]), by: by)
    }

    /// Throws `conflict` when there is one of the same source, type and record.
    static func create(_ finding: Finding, isManual: Bool, by: Attribution, _ connection: Connection) throws -> Opportunity {
        let id = try Numbers.next("opportunity", by.tenant, connection)
        let made = Opportunity(
            id: id, source: finding.source, type: finding.type, recordID: finding.recordID, status: .open, place: finding.place,
            difficulty: finding.difficulty, impact: finding.impact, priority: finding.priority, thread: nil, githubPullRequest: nil,
            secondaryID: finding.secondaryID, hasAutomation: false, details: finding.details, isManual: isManual, version: 1,
            createdAt: by.at, lastDetectedAt: by.at, statusUpdatedAt: by.at, goneAt: nil)
        let inserted = try connection.execute(
            """
            INSERT INTO opportunities (workspace, mode, id, source, type, record_id, status, place, difficulty, impact, priority, \
            secondary_id, automation, details, is_manual, version, created_at, last_detected_at, status_updated_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT (workspace, mode, source, type, record_id) DO NOTHING
            """, by.tenant.workspace, by.tenant.mode, key(id), made.source, made.type, made.recordID, made.status, made.place.text,
            made.difficulty, made.impact, made.priority, made.secondaryID, made.hasAutomation, made.details.canonicalText, isManual,
            by.at, by.at, by.at)
        guard inserted == 1 else { throw Problem(.conflict, "There is an opportunity of this source, type and record already.") }
        connection.append(EventDraft("opportunity.created", subject: made.subject, data: ["after": made.snapshot]), by: by)
        return made
    }

    /// Writes a change of a person's down, with its event; nothing when nothing changed.
    func update(from before: Opportunity, by: Attribution, _ connection: Connection) throws -> Opportunity {
        guard snapshot != before.snapshot || details != before.details else { return before }
        var changed = self
        if status != before.status { (changed.statusUpdatedAt, changed.goneAt) = (by.at, nil) }
        try changed.save(by.tenant, connection, raising: true)
        connection.append(
            EventDraft("opportunity.updated", subject: subject, data: ["before": before.snapshot, "after": snapshot]), by: by)
        return changed.atNextVersion
    }

    func delete(by: Attribution, _ connection: Connection) throws {
        try connection.execute(
            "DELETE FROM opportunities WHERE workspace = ? AND mode = ? AND id = ?", by.tenant.workspace, by.tenant.mode, Self.key(id))
        connection.append(EventDraft("opportunity.deleted", subject: subject, data: ["before": snapshot]), by: by)
    }

    private func save(_ tenant: Tenant, _ connection: Connection, raising: Bool = false) throws {
        try connection.execute(
            """
            UPDATE opportunities SET status = ?, place = ?, difficulty = ?, impact = ?, priority = ?, thread = ?, pull_request = ?, \
            details = ?, version = ?, last_detected_at = ?, status_updated_at = ?, gone_at = ? WHERE workspace = ? AND mode = ? AND id = ?
            """, status, place.text, difficulty, impact, priority, thread, githubPullRequest, details.canonicalText,
            raising ? version + 1 : version, lastDetectedAt, statusUpdatedAt, goneAt, tenant.workspace, tenant.mode, Self.key(id))
    }

    private var atNextVersion: Opportunity {
        Opportunity(
            id: id, source: source, type: type, recordID: recordID, status: status, place: place, difficulty: difficulty, impact: impact,
            priority: priority, thread: thread, githubPullRequest: githubPullRequest, secondaryID: secondaryID,
            hasAutomation: hasAutomation, details: details, isManual: isManual, version: version + 1, createdAt: createdAt,
            lastDetectedAt: lastDetectedAt, statusUpdatedAt: statusUpdatedAt, goneAt: goneAt)
    }
}

/// What a detector found, or a person wrote down.
package struct Finding: Sendable {
    package var source: String
    package var type: String
    package var recordID: String
    package var place = Opportunity.Place()
    package var difficulty = Opportunity.Difficulty.easy
    /// US dollars a month.
    package var impact: ExactDecimal
    package var priority: Int64?
    package var secondaryID: Int64?
    package var details = JSON.object([])

    package init(source: String, type: String, recordID: String, impact: ExactDecimal) {
        (self.source, self.type, self.recordID, self.impact) = (source, type, recordID, impact)
    }
}

/// What a caller may see of the opportunities: everything with a credential of the workspace; else what is of their projects, and, for a
/// person, what is of no project; all of it within the filter of their teams.
struct Sight {
    private let caller: Caller
    private let filter: DataFilter

    init(of caller: Caller, _ connection: Connection) throws {
        self.caller = caller
        filter = try .of(caller, connection)
    }

    func sees(_ opportunity: Opportunity) -> Bool {
        guard !caller.reachesWorkspace else { return true }
        guard opportunity.place.project.map({ caller.role(in: $0) != nil }) ?? (caller.widenedBy != nil) else { return false }
        return filter.allows(opportunity.facts, priority: opportunity.priority)
    }
}

/// Integers that count up in a tenant, a row for each noun.
enum Numbers {
    static func next(_ noun: String, _ tenant: Tenant, _ connection: Connection) throws -> Int64 {
        try connection.execute(
            """
            INSERT INTO savings_numbers (workspace, mode, noun, last) VALUES (?, ?, ?, 1)
            ON CONFLICT (workspace, mode, noun) DO UPDATE SET last = savings_numbers.last + 1
            """, tenant.workspace, tenant.mode, noun)
        return try connection.row(
            "SELECT last FROM savings_numbers WHERE workspace = ? AND mode = ? AND noun = ?", tenant.workspace, tenant.mode, noun
        ) { try $0.get(0) } ?? 1
    }
}

extension Opportunity.Place {
    fileprivate init(_ json: JSON) {
        platform = json["platform"]?.string ?? ""
        account = json["account"]?.string ?? ""
        region = json["region"]?.string ?? ""
        service = json["service"]?.string ?? ""
        category = json["category"]?.string ?? ""
        project = json["project"]?.string.map { ProjectID($0) }
        tags = Dictionary((json["tags"]?.members ?? []).map { ($0.name, $0.value.string ?? "") }, uniquingKeysWith: { $1 })
    }

    fileprivate var text: String {
        JSON.object([
            .init("platform", .string(platform)), .init("account", .string(account)), .init("region", .string(region)),
            .init("service", .string(service)), .init("category", .string(category)), .init("project", JSON(project)),
            .init("tags", .object(tags.map { .init($0.key, .string($0.value)) })),
        ]).canonicalText
    }
}

extension JSON {
    var canonicalText: String { String(decoding: canonicalBytes, as: UTF8.self) }
}
