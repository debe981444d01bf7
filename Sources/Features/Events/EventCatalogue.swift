import Kernel
package import Storage
package import Web

/// Every type of event there is, as the features handed them in.
package struct EventCatalogue: Sendable {
    /// By name.
    package let types: [EventType]
    private let byName: [String: EventType]

    package init(_ types: [EventType]) {
        self.types = (types + Self.own).sorted { $0.name < $1.name }
        byName = Dictionary(self.types.map { ($0.name, $0) }, uniquingKeysWith: { one, _ in one })
    }

    package subscript(_ name: String) -> EventType? { byName[name] }

    /// Types that stand twice; there are none.
    package var repeated: [String] { Dictionary(grouping: types, by: \.name).filter { $1.count > 1 }.keys.sorted() }

    /// What is wrong with an event: its type is not in the catalogue, or its data have another shape. Nil when nothing is.
    package func complaint(about event: Event) throws -> String? {
        guard let type = self[event.type] else { return "\(event.type) is not in the catalogue." }
        let found = type.data.violations(in: try event.row["data"] ?? .null)
        guard let first = found.first else { return nil }
        return "The data of \(event.type) do not fit its schema: \(first.pointer) \(first.detail)."
    }

    private static let own = [
        EventType(
            EventLog.anchorType, "Older rows of the log were removed. It states where they ended, so that the chain still verifies.",
            data: [
                .required("reason", .choice(["sandbox_reset", "retention"])), .required("last_seq", .integer(0...Int64.max)),
                .required("last_hash", .string(64...64)), .optional("removed", .integer(0...Int64.max, "How many rows.")),
                .optional("before", .timestamp("Retention: what happened before was removed.")),
            ])
    ]
}
