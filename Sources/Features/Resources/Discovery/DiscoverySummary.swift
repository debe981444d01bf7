import Kernel
import Provider
import Storage
import Web

/// A discovery as a list shows it: without what it found, of which there may be thousands.
struct DiscoverySummary: Sendable {
    let id: DiscoveryID
    let connection: ConnectionID
    let kinds: JSON
    let state: Discovery.State
    let error: String?
    /// How many objects it has found; nil while it runs.
    let found: Int?
    let createdAt: Timestamp
    let finishedAt: Timestamp?
}

extension Discovery {
    static let sortFields = ["created_at"]
}

extension DiscoverySummary {
    private static let selection = "SELECT id, connection, kinds, state, error, found, created_at, finished_at FROM discoveries"

    private static func read(_ row: Row) throws -> DiscoverySummary {
        DiscoverySummary(
            id: DiscoveryID(row.text(0)), connection: ConnectionID(row.text(1)), kinds: try JSONParser.parse(row.text(2).utf8),
            state: try row.get(3), error: try row.get(4), found: try row.get(5), createdAt: row.time(6), finishedAt: try row.get(7))
    }

    /// None for a caller that does not reach the whole workspace, as `Discovery.find`.
    static func list(
        _ request: PageRequest, connection account: String?, state: String?, for caller: Caller, _ connection: Connection
    ) throws -> Page<DiscoverySummary> {
        var query = ListQuery(selection, sortable: ["created_at": .id], defaultSort: .init(field: "created_at", descending: true))
        query.filter("workspace = ? AND mode = ?", caller.workspace, caller.mode)
        if !caller.reachesWorkspace { query.filter("id", isOneOf: [DiscoveryID]()) }
        if let account { query.filter("connection = ?", account) }
        if let state { query.filter("state = ?", state) }
        return try query.page(request, connection, place: { item, _ in .init(value: "", id: item.id.rawValue) }, as: read)
    }
}

extension DiscoverySummary: JSONRepresentable, SchemaDescribed {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("connection_id", connection)
            json.field("kinds", kinds)
            json.field("state", state.rawValue)
            json.field("error", error)
            json.field("found", found)
            json.field("created_at", createdAt)
            json.field("finished_at", finishedAt)
        }
    }

    static let schema = Schema.named(
        "DiscoverySummary",
        .object([
            .required("id", .id("dsc")), .required("connection_id", .id("con")),
            .required("kinds", .array(.choice(of: ResourceKind.self))), .required("state", .choice(of: Discovery.State.self)),
            .required("error", Schema.string(0...2000, .echo).nullable),
            .required(
                "found", Schema.integer(0...Int64(Discovery.limit), "Objects that bear no mark of ours; null while it runs.").nullable),
            .required("created_at", .timestamp()), .required("finished_at", Schema.timestamp().nullable),
        ]))
}
