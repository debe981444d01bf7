import Kernel
import Prices
import Provider
import Storage
import Web

/// Which resources a list is to have.
struct ResourceFilter: Sendable {
    var kinds: [ResourceKind]
    var selector: LabelSelector?
    var phase: String?
    var power: String?
    var provider: String?
    var project: String?
    var name: String?
    /// With a drift that is not over, or without.
    var isDrifted: Bool?
    /// With those that are deleted and kept.
    var showsDeleted = false

    static func parameters(kind: ResourceKind?) -> [Query.Parameter] {
        var parameters: [Query.Parameter] = [
            .init("selector", .string(1...1000, .text, "Labels: `team=core,tier!=dev,gpu,!legacy`.")),
            .init("phase", .choice(of: Resource.Phase.self)), .init("provider", .string(1...100, .text, "A connection, by id.")),
            .init("project_id", .string(1...100)), .init("name", .string(1...63)),
            .init("drifted", .choice(["true", "false"], "Whether the provider's object differs from what is wanted.")),
            .init("show_deleted", .choice(["true", "false"], "Also those that are deleted and kept for a while.")),
        ]
        if kind == .instance { parameters.append(.init("power", .choice(of: Power.self))) }
        if kind == nil { parameters.append(.init("kind", .choice(of: ResourceKind.self))) }
        return parameters
    }

    init(_ kinds: [ResourceKind], _ query: Query) throws {
        self.kinds = kinds
        selector = try query["selector"].map { try LabelSelector($0) }
        phase = query["phase"]
        power = query["power"]
        provider = query["provider"]
        project = query["project_id"]
        name = query["name"]
        isDrifted = query["drifted"].map { $0 == "true" }
        showsDeleted = query["show_deleted"] == "true"
    }
}

extension Resource {
    static let sortFields = ["created_at", "name"]

    static func list(
        _ request: PageRequest, _ filter: ResourceFilter, at now: Timestamp, for caller: Caller, _ connection: Connection
    ) throws -> Page<ResourceView> {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "name": .text("name")], defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ? AND mode = ?", caller.workspace, caller.mode)
        if case .projects(let roles) = caller.reach { query.filter("project", isOneOf: Array(roles.keys)) }
        query.filter("kind", isOneOf: filter.kinds)
        filter.selector?.apply(to: &query, in: caller.tenant)
        if let phase = filter.phase { query.filter("phase = ?", phase) }
        if let power = filter.power { query.filter("power = ?", power) }
        if let provider = filter.provider { query.filter("connection = ?", provider) }
        if let project = filter.project { query.filter("project = ?", project) }
        if let name = filter.name { query.filter("name = ?", name) }
        if let isDrifted = filter.isDrifted { Drift.filter(&query, isDrifted, caller.tenant) }
        let asksForGone = filter.phase == Phase.deleted.rawValue || filter.phase == Phase.purged.rawValue
        if !asksForGone { query.filter(filter.showsDeleted ? "phase <> 'purged'" : "phase NOT IN ('deleted', 'purged')") }
        let page = try query.page(
            request, connection, place: { item, sort in .init(value: sort == "name" ? item.name : "", id: item.id.rawValue) }, as: read)
        let costs = try ResourceCost.of(page.items.map(\.id.rawValue), in: caller.tenant, at: now, connection)
        let holders = try holders(of: page.items.filter(\.kind.isHeld).map(\.id), in: caller.tenant, connection)
        let sequence = try EventLog.position(of: caller.tenant, connection)
        return page.map { ResourceView(resource: $0, cost: costs[$0.id.rawValue], holder: holders[$0.id], sequence: sequence) }
    }

    /// The same for one that has just been made, of which nothing has to be read.
    func view(ofNew operation: Operation?, _ estimate: Estimate, _ connection: Connection) throws -> ResourceView {
        ResourceView(
            resource: self, cost: ResourceCost(ofNew: estimate), holder: nil, sequence: try EventLog.position(of: tenant, connection),
            operation: operation, estimate: estimate)
    }

    /// With what it costs.
    func view(at now: Timestamp, operation: Operation? = nil, estimate: Estimate? = nil, _ connection: Connection) throws -> ResourceView {
        let costs = try ResourceCost.of([id.rawValue], in: tenant, at: now, connection)
        return ResourceView(
            resource: self, cost: costs[id.rawValue], holder: kind.isHeld ? try holder(connection) : nil,
            sequence: try EventLog.position(of: tenant, connection), operation: operation, estimate: estimate)
    }
}
