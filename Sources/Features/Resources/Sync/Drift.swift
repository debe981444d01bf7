package import Kernel
package import Provider
import Storage
package import Web

package enum DriftKind: IDKind { package static let prefix = "drf" }
package typealias DriftID = ID<DriftKind>

/// Something at a provider that is not as it is wanted. One row from when it is found until it is over.
package struct Drift: Sendable {
    package let id: DriftID
    package let tenant: Tenant
    /// Nil for an object that belongs to no resource.
    package let project: ProjectID?
    package let connection: ConnectionID
    package let kind: ResourceKind
    package let resource: ResourceID?
    package let name: String?
    package var reference: String?
    package let sort: Sort
    package var status: Status
    package var fields: [Difference]
    /// Why nothing is done about it, or what was.
    package var message: String
    /// The operation that reverts it.
    package var operation: OperationID?
    /// When it was reverted, or tried to be.
    package var reverts: [Timestamp]
    /// What the object costs a day, where it is nobody's.
    package var cost: Cost?
    package var resolution: Resolution?
    package let detectedAt: Timestamp
    package var updatedAt: Timestamp
    package var resolvedAt: Timestamp?

    package struct Cost: Sendable, Equatable {
        package let perDay: ExactDecimal
        package let currency: String
    }

    package enum Sort: String, Sendable, CaseIterable, SQLConvertible {
        case fieldDrift = "field_drift"
        case stateDrift = "state_drift"
        case missing
        /// It bears our mark and belongs to no resource, or to one that has another.
        case orphan
        /// What stands where ours should bears somebody else's mark.
        case ownershipConflict = "ownership_conflict"
    }

    package enum Status: String, Sendable, CaseIterable, SQLConvertible {
        case open
        case reverting
        /// It comes back as often as it is reverted; nothing more is done by itself.
        case contested
        case resolved
    }

    package enum Resolution: String, Sendable, CaseIterable, SQLConvertible {
        case reverted
        case accepted
        case ignored
        /// Nobody here did anything about it.
        case byItself = "by_itself"
        /// What it was about was deleted.
        case deleted
    }

    /// What it is found by while it is open.
    var place: String { resource.map(\.rawValue) ?? reference ?? "" }
    var isOpen: Bool { resolvedAt == nil }
}

extension Drift: JSONRepresentable, SchemaDescribed {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("class", sort.rawValue)
            json.field("status", status.rawValue)
            json.field("resolution", resolution?.rawValue)
            json.field("kind", kind.rawValue)
            json.field("resource_id", resource)
            json.field("name", name)
            json.field("project_id", project)
            json.field("connection_id", connection)
            json.field("provider_ref", reference)
            json.array("fields", fields) { json, field in field.json.write(to: &json) }
            json.field("message", message)
            json.field("operation_id", operation)
            json.field("reverts", reverts.count)
            json.field("cost_per_day", cost?.perDay.formatted(minimumPlaces: 4))
            json.field("currency", cost?.currency)
            json.field("detected_at", detectedAt)
            json.field("updated_at", updatedAt)
            json.field("resolved_at", resolvedAt)
        }
    }

    static let fieldsSchema = Schema.array(
        .object([
            .required("path", .string(1...63, .echo, "The field of the spec.")), .required("wanted", Schema(.any)),
            .required("observed", Schema(.any)),
        ]))

    package static let schema = Schema.named(
        "Drift",
        .object([
            .required("id", .id("drf")), .required("class", .choice(of: Sort.self)), .required("status", .choice(of: Status.self)),
            .required("resolution", Schema.choice(of: Resolution.self, "How it ended.").nullable),
            .required("kind", .choice(of: ResourceKind.self)),
            .required("resource_id", Schema.id("inst", "Null for an object that belongs to none.").nullable),
            .required("name", Schema.string(1...63).nullable), .required("project_id", Schema.id("proj").nullable),
            .required("connection_id", .id("con")),
            .required("provider_ref", Schema.string(0...500, .echo, "The provider's own id of the object.").nullable),
            .required("fields", fieldsSchema), .required("message", .string(0...10_000, .echo)),
            .required("operation_id", Schema.id("op", "What reverts it.").nullable),
            .required("reverts", .integer(0...Int64.max, "How often it was reverted, or tried to be.")),
            .required("cost_per_day", Schema.string(1...60, .text, "What an object that belongs to nobody costs.").nullable),
            .required("currency", Schema.string(3...3).nullable), .required("detected_at", .timestamp()),
            .required("updated_at", .timestamp()), .required("resolved_at", Schema.timestamp().nullable),
        ]))
}
