package import Kernel
package import Storage
package import Web

package enum UnitMetricKind: IDKind { package static let prefix = "um" }
package typealias UnitMetricID = ID<UnitMetricKind>

/// Something by something: cost by order, requests by customer.
package struct UnitMetric: Sendable {
    package let id: UnitMetricID
    package let name: String
    package let description: String
    package let numerator: UnitSide
    package let denominator: UnitSide
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package var etag: ETag { ETag(version: version) }

    var snapshot: JSON {
        [
            "name": .string(name), "description": .string(description), "numerator": numerator.json, "denominator": denominator.json,
        ]
    }
}

/// What is counted on one side: where it comes from, and what of it.
package struct UnitSide: Sendable, Equatable {
    package let source: String
    /// What else the source needs to know, as it was sent.
    package let parameters: JSON

    package init(_ json: JSON) {
        source = json["source"]?.string ?? ""
        parameters = .object((json.members ?? []).filter { $0.name != "source" })
    }

    package var json: JSON { .object([.init("source", .string(source))] + (parameters.members ?? [])) }
}

/// Where the numbers of a side come from. Costs, data streams and request counters each have one.
package protocol UnitSource: Sendable {
    /// How a side calls it.
    var name: String { get }
    /// What a side may say besides.
    var fields: [Schema.Field] { get }
    /// `SUM`, `AVERAGE`, `MINIMUM` or `MAXIMUM`: how the hours of a bucket come together.
    func aggregation(of side: UnitSide) -> String
    /// Throws `validation_failed`, its pointer under `place`, for a side that names what there is not.
    func check(_ side: UnitSide, at place: String, for caller: Caller, _ connection: Connection) throws
    /// One amount for each span; nil where there is no data.
    func amounts(of side: UnitSide, in spans: [Range<Timestamp>], _ question: Query, for caller: Caller, _ connection: Connection) throws
        -> [ExactDecimal?]
}

extension UnitMetric: JSONRepresentable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("name", name)
            json.field("description", description)
            json.field("numerator", numerator.json)
            json.field("denominator", denominator.json)
            json.field("created_at", createdAt)
            json.field("updated_at", updatedAt)
        }
    }

    static let side = Schema(.map(Schema(.any)), "`source`, and what of it.")
    static let snapshotFields: [Schema.Field] = [
        .required("name", .name()), .required("description", .string(0...1000)), .required("numerator", side),
        .required("denominator", side),
    ]
    package static let schema = Schema.named(
        "UnitMetric",
        .object(
            [.required("id", .id("um"))] + snapshotFields + [
                .required("created_at", .timestamp()), .required("updated_at", .timestamp()),
            ]))
}
