import Kernel
import Storage
import Web

/// A change of an alert's state.
struct AlertChange: Sendable, JSONRepresentable, SchemaDescribed {
    let id: String
    let place: Int
    let at: Timestamp
    let before: AlertPhase.State
    let after: AlertPhase.State
    let readings: JSON
    let isSilenced: Bool
    let group: JSON
    let lateHour: Timestamp?

    static func list(_ request: PageRequest, of alert: Alert, _ connection: Connection) throws -> Page<AlertChange> {
        var query = ListQuery(
            "SELECT id, place, at, before, after, readings, is_silenced, label_set, late_hour FROM alert_changes",
            sortable: ["at": .integer("place")],
            defaultSort: .init(field: "at", descending: true))
        query.filter("workspace = ? AND mode = ? AND alert = ?", alert.tenant.workspace, alert.tenant.mode, alert.id)
        return try query.page(
            request, connection, place: { item, _ in .init(value: String(item.place), id: item.id) },
            as: { row in
                let group: String? = try row.get(7)
                return AlertChange(
                    id: row.text(0), place: row.integer(1), at: row.time(2), before: try row.get(3), after: try row.get(4),
                    readings: try JSONParser.parse(row.text(5).utf8), isSilenced: try row.get(6),
                    group: try group.map { try JSONParser.parse($0.utf8) } ?? .null, lateHour: try row.get(8))
            })
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("at", at)
            json.field("before", before.rawValue)
            json.field("after", after.rawValue)
            json.field("values", readings)
            json.field("silenced", isSilenced)
            json.field("group", group)
            json.field("late", lateHour != nil)
            json.field("late_hour", lateHour)
        }
    }

    static let schema = Schema.named(
        "AlertChange",
        .object([
            .required("id", .id("alc")), .required("at", .timestamp()), .required("before", AlertView.state),
            .required("after", AlertView.state), .required("values", AlertView.values), .required("silenced", .boolean()),
            .required("group", AlertView.group.nullable),
            .required("late", .boolean("It fired because of data that came late.")), .required("late_hour", Schema.timestamp().nullable),
        ]))
}
