package import Kernel
package import Storage
package import Web

/// An event as it is answered, streamed and exported.
package struct EventView: JSONRepresentable, SchemaDescribed {
    private let event: Event
    private let row: JSON
    private let showsPersonal: Bool

    package init(_ event: Event, showsPersonal: Bool) throws {
        self.event = event
        row = try event.row
        self.showsPersonal = showsPersonal
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("seq", event.sequence)
            json.field("id", event.id)
            json.field("type", event.type)
            json.field("subject", event.subject)
            json.field("project_id", event.project)
            json.object("actor") { json in
                json.field("type", actor("type"))
                json.field("id", actor("id"))
                json.field("credential", row["actor"]?["credential"]?.string)
                if showsPersonal { json.field("ip", event.personal["actor.ip"]) }
            }
            json.field("request_id", event.request)
            json.field("occurred_at", event.occurredAt)
            json.field("data", row["data"] ?? .object([]))
            if showsPersonal { json.field("personal", personal) }
            json.field("prev_hash", row["prev_hash"]?.string)
            json.field("hash", EventLog.hexadecimal(event.hash))
        }
    }

    private func actor(_ name: String) -> String { row["actor"]?[name]?.string ?? "" }

    private var personal: JSON {
        .object(event.personal.filter { $0.key != "actor.ip" }.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
    }

    package static let schema = Schema.named(
        "Event",
        .object([
            .required("seq", .integer(1...Int64.max, "Its place in the log of the workspace and mode; without gaps, never reused.")),
            .required("id", .id("evt")), .required("type", Schema.string(1...120).example("instance.created")),
            .required("subject", .string(1...200, .text, "The id of what was changed.")),
            .required("project_id", Schema.id("proj", "The project it belongs to, where it names one.").nullable),
            .required(
                "actor",
                .object([
                    .required("type", .choice(["user", "key", "token", "client", "system", "schedule"])), .required("id", .string(1...200)),
                    .required("credential", Schema.string(1...200).nullable),
                    .optional("ip", Schema.string(1...60, .text, "For admins of the workspace; null once erased.").nullable),
                ])),
            .required("request_id", Schema.id("req").nullable), .required("occurred_at", .timestamp()),
            .required("data", Schema(.map(Schema(.any)), "As the type's schema says (`/v1/event-types/{name}`).")),
            .optional("personal", Schema(.map(.string(0...10_000, .echo)), "What names a person; for admins of the workspace.")),
            .required("prev_hash", .string(64...64, .text, "Hash of the event before.")),
            .required("hash", .string(64...64, .text, "SHA-256 of the stored row.")),
        ]))
}

extension EventView {
    /// The columns of a CSV export; `data` is JSON.
    package static let columns = [
        "seq", "id", "type", "subject", "project_id", "actor_type", "actor_id", "actor_credential", "actor_ip", "request_id", "occurred_at",
        "data", "personal", "prev_hash", "hash",
    ]

    /// One line of RFC 4180. Text that a spreadsheet would take for a formula gets an apostrophe before it.
    package var csvLine: String {
        let cells: [String] = [
            String(event.sequence), event.id.rawValue, event.type, event.subject, event.project?.rawValue ?? "", actor("type"), actor("id"),
            row["actor"]?["credential"]?.string ?? "", showsPersonal ? event.personal["actor.ip"] ?? "" : "", event.request?.rawValue ?? "",
            event.occurredAt.description, (row["data"] ?? .object([])).compactText, showsPersonal ? personal.compactText : "",
            row["prev_hash"]?.string ?? "", EventLog.hexadecimal(event.hash),
        ]
        return cells.map(Self.csvCell).joined(separator: ",") + "\r\n"
    }

    private static func csvCell(_ text: String) -> String {
        let isFormula = text.utf8.first.map { "=+-@\t\r".utf8.contains($0) } ?? false
        let safe = isFormula ? "'" + text : text
        guard safe.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else { return safe }
        return "\"" + safe.replacing("\"", with: "\"\"") + "\""
    }
}

extension JSON {
    fileprivate var compactText: String { String(decoding: canonicalBytes, as: UTF8.self) }
}
