import Kernel
import Web

/// A field of a resource that became another.
struct FieldChange: JSONRepresentable, Sendable, Equatable {
    /// Such as `spec.size`, `labels.team`, `status.power`.
    let field: String
    let before: JSON?
    let after: JSON?

    /// What follows from other changes, or only says that there was one.
    private static let silent: Set = ["updated_at", "etag", "operation_id"]

    /// In the order of their names.
    static func between(_ before: JSON, _ after: JSON) -> [FieldChange] {
        let (old, new) = (flat(before), flat(after))
        return Set(old.keys).union(new.keys).subtracting(silent).sorted().compactMap { name in
            old[name] == new[name] ? nil : FieldChange(field: name, before: old[name], after: new[name])
        }
    }

    /// Objects are taken apart, lists are not.
    private static func flat(_ json: JSON, under name: String = "") -> [String: JSON] {
        guard let members = json.members else { return [name: json] }
        return members.reduce(into: [:]) { all, member in
            all.merge(flat(member.value, under: name.isEmpty ? member.name : name + "." + member.name)) { $1 }
        }
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("field", field)
            json.field("before", before)
            json.field("after", after)
        }
    }

    static let schema = Schema.object([
        .required("field", .string(1...300, .echo, "Such as `spec.size`, `labels.team`, `status.power`.")),
        .required("before", Schema(.any, "Null where it was not there.")),
        .required("after", Schema(.any, "Null where it is not there any more.")),
    ])
}

/// What a resource cost by the hour before and after.
struct HourlyChange: JSONRepresentable, Sendable {
    let currency: String
    let before: ExactDecimal
    let after: ExactDecimal

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("currency", currency)
            json.field("hourly_before", before.formatted(minimumPlaces: 4))
            json.field("hourly_after", after.formatted(minimumPlaces: 4))
        }
    }

    static let schema = Schema.object([
        .required("currency", Schema.string(3...3)),
        .required("hourly_before", .string(1...60, .text, "Of what it held before, at the prices of then.")),
        .required("hourly_after", .string(1...60, .text, "Of what it held after, at the prices of then.")),
    ])
}
