package import Kernel
import Prices
import Storage
package import Web

/// A saved, named look at costs: which rows, and how they are counted unless a request says otherwise.
package struct CostView: Sendable {
    package let id: CostViewID
    package var name: String
    package var description = ""
    package var filter = RowFilter.everything
    package var costType = CostType.unblended
    package var amortized = false
    package var exclude: Set<Exclusion> = []
    package var granularity = Granularity.day
    package var groupBy: [String] = []
    package var currency = "USD"
    package var zone = "UTC"
    /// All cost; made with the workspace, and not to be deleted.
    package var isDefault = false
    package var version = 1
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package var etag: ETag { ETag(version: version) }
}

extension CostView {
    var settings: JSON {
        [
            "filters": filter.json, "cost_type": .string(costType.name), "amortization": .bool(amortized),
            "exclude": .array(exclude.map(\.rawValue).sorted().map { .string($0) }), "granularity": .string(granularity.rawValue),
            "group_by": .array(groupBy.map { .string($0) }), "currency": .string(currency), "zone": .string(zone),
        ]
    }

    var snapshot: JSON {
        let head: JSON = ["id": JSON(id), "name": .string(name), "description": .string(description)]
        let tail: JSON = ["is_default": .bool(isDefault), "created_at": JSON(createdAt), "updated_at": JSON(updatedAt)]
        return .object((head.members ?? []) + (settings.members ?? []) + (tail.members ?? []))
    }

    static let writable: [Schema.Field] = [
        .optional("description", .string(0...1000)), .optional("filters", RowFilter.schema),
        .optional("cost_type", .string(1...40, .text, "\(CostType.names.joined(separator: ", ")), or the id of a cost column.")),
        .optional("amortization", .boolean("Commitments are spread over what they cover.")),
        .optional("exclude", .array(.choice(of: Exclusion.self), 0...20)), .optional("granularity", .choice(of: Granularity.self)),
        .optional("group_by", .array(.string(1...200), 0...5)), .optional("currency", Money.currency),
        .optional("zone", .string(1...60, .text, "An IANA time zone such as Europe/Berlin.")),
    ]

    package static let snapshotSchema: Schema = {
        var fields: [Schema.Field] = [.required("id", .id("cv")), .required("name", .name())]
        for field in writable { fields.append(.required(field.name, field.schema)) }
        fields += [.required("is_default", .boolean()), .required("created_at", .timestamp()), .required("updated_at", .timestamp())]
        return .object(fields)
    }()
    package static let schema = Schema.named("CostView", snapshotSchema)

    /// Throws `validation_failed` for what is well-formed and has no meaning.
    mutating func apply(_ body: JSON?, in tenant: Tenant, _ connection: Connection) throws {
        if let text = body?["name"]?.string { name = text }
        if let text = body?["description"]?.string { description = text }
        if let json = body?["filters"] { filter = try RowFilter(json) }
        if let flag = body?["amortization"]?.bool { amortized = flag }
        if let text = body?["granularity"]?.string { granularity = Granularity(rawValue: text) ?? granularity }
        if let words = body?["exclude"]?.array { exclude = Set(words.compactMap { $0.string.flatMap { Exclusion(rawValue: $0) } }) }
        if let names = body?["group_by"]?.array { groupBy = names.compactMap(\.string) }
        if let text = body?["currency"]?.string { currency = text }
        if let text = body?["zone"]?.string {
            guard CostZone(text) != nil else { throw Problem.invalid("zone", "\(text) is no IANA time zone.", code: "not_found") }
            zone = text
        }
        if let text = body?["cost_type"]?.string {
            guard let type = CostType(text) else {
                throw Problem.invalid(
                    "cost_type", "There is no such cost type; there are \(CostType.names.joined(separator: ", ")) and cost columns.",
                    code: "not_found")
            }
            if case .column(let id) = type, try CostColumn.find(id, in: tenant, connection) == nil {
                throw Problem.invalid("cost_type", "There is no such cost column.", code: "not_found")
            }
            costType = type
        }
    }
}

extension CostView: JSONRepresentable {
    package func write(to json: inout JSONWriter) { snapshot.write(to: &json) }
}
