import Crypto
package import Kernel
import Storage
package import Web

package enum MarkerKind: IDKind { package static let prefix = "mrk" }
package typealias MarkerID = ID<MarkerKind>

/// Something that happened at an hour, drawn over the charts of costs and units: a deploy, an incident. Cloudthread calls it an event.
package struct Marker: Sendable {
    package let id: MarkerID
    /// A full hour, UTC.
    package let hour: Timestamp
    package let type: String
    /// Nil is for everybody; else for the team's members, and for admins.
    package let team: String?
    package let description: String?
    package let eventURL: String?
    package let createdAt: Timestamp

    var snapshot: JSON {
        [
            "type": .string(type), "timestamp": JSON(hour), "team_id": JSON(team), "description": JSON(description),
            "event_url": JSON(eventURL),
        ]
    }
}

/// A marker that is about to be made.
struct MarkerDraft: Sendable {
    let hour: Timestamp
    let type: String
    let team: String?
    let description: String?
    let eventURL: String?

    /// Two markers with the same are the same.
    var fingerprint: [UInt8] {
        let parts: JSON = [JSON(hour), .string(type), JSON(team), JSON(description), JSON(eventURL)]
        return Array(SHA256.hash(data: parts.canonicalBytes))
    }
}

extension Marker: JSONRepresentable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("type", type)
            json.field("timestamp", hour)
            json.field("team_id", team)
            json.field("description", description)
            json.field("event_url", eventURL)
            json.field("created_at", createdAt)
        }
    }

    static let snapshotFields: [Schema.Field] = [
        .required("type", .string(1...255, .echo)), .required("timestamp", .timestamp("A full hour.")),
        .required("team_id", Schema.string(1...255, .echo, "Null for everybody.").nullable),
        .required("description", Schema.string(0...1000, .echo).nullable), .required("event_url", Schema.string(0...2048, .echo).nullable),
    ]
    package static let schema = Schema.named(
        "Marker", .object([.required("id", .id("mrk"))] + snapshotFields + [.required("created_at", .timestamp())]))
}
