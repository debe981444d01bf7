package import Kernel
import Prices
package import Provider
import Storage
package import Web

package enum DiscoveryKind: IDKind { package static let prefix = "dsc" }
package typealias DiscoveryID = ID<DiscoveryKind>

/// A look for what a provider account has and nobody manages from here.
package struct Discovery: Sendable {
    package let id: DiscoveryID
    package let tenant: Tenant
    package let connection: ConnectionID
    package let kinds: [ResourceKind]
    package var state: State
    /// Why there is nothing.
    package var error: String?
    package var objects: [Object]
    package let createdAt: Timestamp
    package var finishedAt: Timestamp?

    package enum State: String, Sendable, CaseIterable, SQLConvertible {
        case running
        case succeeded
        case failed
    }

    /// Something that was found.
    package struct Object: Sendable, Equatable {
        let kind: ResourceKind
        let reference: String
        let name: String
        let power: Power?
        /// The managed fields, as a spec would name them.
        let fields: CanonicalState
        /// What else of a spec is known.
        let known: [String: JSON]
        /// It bears another installation's mark, and cannot be adopted.
        let isMarked: Bool
        let hourly: ExactDecimal?
        let currency: String?
        /// What it was adopted as.
        var resource: ResourceID?
    }
}

extension Discovery.Object {
    init(_ stranger: Stranger, _ kind: ResourceKind, _ rate: HourlyRate? = nil) {
        self.init(
            kind: kind, reference: stranger.reference, name: String(stranger.name.prefix(200)), power: stranger.state.power,
            fields: CanonicalState(stranger.state, of: kind), known: stranger.known, isMarked: stranger.isMarked,
            hourly: rate?.amount, currency: rate?.currency, resource: nil)
    }

    init?(_ json: JSON) {
        guard let kind = json["kind"]?.string.flatMap(ResourceKind.init), let reference = json["provider_ref"]?.string else { return nil }
        self.init(
            kind: kind, reference: reference, name: json["name"]?.string ?? "", power: json["power"]?.string.flatMap(Power.init),
            fields: CanonicalState(json["fields"] ?? .null), known: CanonicalState(json["known"] ?? .null).fields,
            isMarked: json["marked"]?.bool ?? false, hourly: json["hourly"]?.string.flatMap { ExactDecimal($0) },
            currency: json["currency"]?.string, resource: json["resource_id"]?.string.map { ResourceID($0) })
    }

    var json: JSON {
        [
            "kind": .string(kind.rawValue), "provider_ref": .string(reference), "name": .string(name), "power": JSON(power?.rawValue),
            "fields": fields.withoutPower.json, "known": CanonicalState(fields: known).json, "marked": .bool(isMarked),
            "hourly": JSON(hourly?.formatted(minimumPlaces: 4)), "currency": JSON(currency), "resource_id": JSON(resource),
        ]
    }

    static let schema = Schema.object([
        .required("kind", .choice(of: ResourceKind.self)),
        .required("provider_ref", .string(1...500, .echo, "The provider's own id of it: what adopting names it by.")),
        .required("name", .string(0...200, .echo)), .required("power", Schema.choice(of: Power.self).nullable),
        .required("fields", Schema(.map(Schema(.any)), "What a spec would say of it, and what is compared later on.")),
        .required("known", Schema(.map(Schema(.any)), "What else of a spec the provider can tell, such as the image.")),
        .required("marked", .boolean("It bears the mark of another installation and cannot be adopted.")),
        .required("hourly", Schema.string(1...60, .text, "What it would be charged an hour.").nullable),
        .required("currency", Schema.string(3...3).nullable),
        .required("resource_id", Schema.id("inst", "What it was adopted as.").nullable),
    ])
}

extension Discovery: JSONRepresentable, SchemaDescribed {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("connection_id", connection)
            json.array("kinds", kinds) { json, kind in json.value(kind.rawValue) }
            json.field("state", state.rawValue)
            json.field("error", error)
            json.array("objects", objects) { json, object in object.json.write(to: &json) }
            json.field("created_at", createdAt)
            json.field("finished_at", finishedAt)
        }
    }

    package static let schema = Schema.named(
        "Discovery",
        .object([
            .required("id", .id("dsc")), .required("connection_id", .id("con")),
            .required("kinds", .array(.choice(of: ResourceKind.self))), .required("state", .choice(of: State.self)),
            .required("error", Schema.string(0...2000, .echo).nullable),
            .required("objects", .array(Object.schema, 0...Discovery.limit, "What bears no mark of ours.")),
            .required("created_at", .timestamp()), .required("finished_at", Schema.timestamp().nullable),
        ]))

    /// Objects that are kept of one look.
    static let limit = 5000
}
