/// A type of event that a feature appends to the log: its name, what it means, and the shape of its `data`. The features hand theirs to
/// the server like they hand it their routes; `/v1/event-types` shows them.
package struct EventType: Sendable {
    /// `noun.happened`.
    package let name: String
    package let description: String
    package let data: Schema
    /// The version of CloudAPI that appended it first.
    package let since: String

    package init(_ name: String, _ description: String, data: [Schema.Field] = [], since: String = "0.1") {
        self.name = name
        self.description = description
        self.data = .object(data)
        self.since = since
    }

    /// A change: what the thing was before and is after.
    package static func change(_ name: String, _ description: String, of snapshot: Schema) -> EventType {
        EventType(name, description, data: [.required("before", snapshot), .required("after", snapshot)])
    }

    package static func creation(_ name: String, _ description: String, of snapshot: Schema) -> EventType {
        EventType(name, description, data: [.required("after", snapshot)])
    }

    package static func removal(_ name: String, _ description: String, of snapshot: Schema) -> EventType {
        EventType(name, description, data: [.required("before", snapshot)])
    }
}
