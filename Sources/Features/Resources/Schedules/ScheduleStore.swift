import Kernel
import Prices
import Provider
import Storage
import Web

extension Schedule {
    private static let selection = """
        SELECT id, workspace, mode, project, name, is_enabled, times, selector, instances, next_at, next_power, saved_amount, \
        saved_milliseconds, saved_currency, version, created_at, updated_at FROM schedules
        """
    static let sortFields = ["created_at", "name"]

    private static func read(_ row: Row) throws -> Schedule {
        let (at, power): (Timestamp?, Power?) = (try row.get(9), try row.get(10))
        return Schedule(
            id: ScheduleID(row.text(0)), tenant: Tenant(workspace: WorkspaceID(row.text(1)), mode: try row.get(2)),
            project: ProjectID(row.text(3)), name: row.text(4), isEnabled: try row.get(5),
            times: try WeeklyTimes(try JSONParser.parse(row.text(6).utf8)), selector: try row.get(7),
            instances: (try JSONParser.parse(row.text(8).utf8).array ?? []).compactMap(\.string).map { ResourceID($0) },
            next: at.flatMap { at in power.map { WeeklyTimes.Moment(at: at, power: $0) } }, savedAmount: try row.get(11),
            savedMilliseconds: Int64(row.integer(12)), savedCurrency: row.text(13), version: row.integer(14), createdAt: row.time(15),
            updatedAt: row.time(16))
    }

    /// Throws `not_found`, also for one of a project that the caller may not see.
    static func find(_ id: ScheduleID, for caller: Caller, _ connection: Connection) throws -> Schedule {
        guard let found = try find(id, in: caller.tenant, connection), caller.role(in: found.project) != nil else {
            throw Problem.notFound("schedule")
        }
        return found
    }

    static func find(_ id: ScheduleID, in tenant: Tenant, _ connection: Connection) throws -> Schedule? {
        try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
    }

    /// What has to do something by `now`, of all tenants.
    static func due(by now: Timestamp, _ connection: Connection) throws -> [Schedule] {
        try connection.rows("\(selection) WHERE next_at <= ? ORDER BY next_at LIMIT 100", now, as: read)
    }

    static func list(_ request: PageRequest, project: String?, for caller: Caller, _ connection: Connection) throws -> Page<Schedule> {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "name": .text("name")], defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ? AND mode = ?", caller.workspace, caller.mode)
        if case .projects(let roles) = caller.reach { query.filter("project", isOneOf: Array(roles.keys)) }
        if let project { query.filter("project = ?", project) }
        return try query.page(
            request, connection, place: { item, sort in .init(value: sort == "name" ? item.name : "", id: item.id.rawValue) }, as: read)
    }

    func insert(_ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO schedules (workspace, mode, id, project, name, is_enabled, times, selector, instances, next_at, next_power, \
            saved_amount, saved_milliseconds, saved_currency, version, created_at, updated_at) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, tenant.workspace, tenant.mode, id, project, name, isEnabled, times.json.text, selector, instancesText, next?.at,
            next?.power,
            savedAmount, savedMilliseconds, savedCurrency, version, createdAt, updatedAt)
    }

    func save(_ connection: Connection) throws {
        try connection.execute(
            """
            UPDATE schedules SET name = ?, is_enabled = ?, times = ?, selector = ?, instances = ?, next_at = ?, next_power = ?, \
            saved_amount = ?, saved_milliseconds = ?, saved_currency = ?, version = ?, updated_at = ? \
            WHERE workspace = ? AND mode = ? AND id = ?
            """, name, isEnabled, times.json.text, selector, instancesText, next?.at, next?.power, savedAmount, savedMilliseconds,
            savedCurrency, version, updatedAt, tenant.workspace, tenant.mode, id)
    }

    func remove(_ connection: Connection) throws {
        try connection.execute(
            "DELETE FROM schedule_stops WHERE workspace = ? AND mode = ? AND schedule = ?", tenant.workspace, tenant.mode, id)
        try connection.execute("DELETE FROM schedules WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id)
    }

    private var instancesText: String { JSON.array(instances.map { .string($0.rawValue) }).text }

    /// The instances it is for, at most a thousand.
    func targets(_ connection: Connection) throws -> [Resource] {
        var scan = ResourceScan()
        scan.projects = [project]
        scan.kind = .instance
        scan.selector = try selector.map { try LabelSelector($0) }
        if selector != nil { return try scan.resources(in: tenant, limit: 1000, connection) }
        return try instances.compactMap { id in
            scan.id = id
            return try scan.resources(in: tenant, limit: 1, connection).first
        }
    }
}

extension ScheduledStop {
    static func all(of schedule: Schedule, _ connection: Connection) throws -> [ScheduledStop] {
        try connection.rows(
            "SELECT instance, sku, stopped_at FROM schedule_stops WHERE workspace = ? AND mode = ? AND schedule = ? ORDER BY stopped_at, instance",
            schedule.tenant.workspace, schedule.tenant.mode, schedule.id
        ) { row in
            ScheduledStop(
                schedule: schedule.id, tenant: schedule.tenant, instance: ResourceID(row.text(0)), sku: row.text(1), at: row.time(2))
        }
    }

    func insert(_ connection: Connection) throws {
        try connection.execute(
            "INSERT INTO schedule_stops (workspace, mode, schedule, instance, sku, stopped_at) VALUES (?, ?, ?, ?, ?, ?)", tenant.workspace,
            tenant.mode, schedule, instance, sku, at)
    }

    func remove(_ connection: Connection) throws {
        try connection.execute(
            "DELETE FROM schedule_stops WHERE workspace = ? AND mode = ? AND schedule = ? AND instance = ? AND stopped_at = ?",
            tenant.workspace, tenant.mode, schedule, instance, at)
    }
}
