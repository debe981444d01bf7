package import Kernel
import Storage
package import Web

/// One event on its way to one endpoint.
package struct Delivery: Sendable {
    package let id: DeliveryID
    package let webhook: WebhookID
    package let event: EventID
    package let sequence: Int64
    package let type: String
    package let state: State
    /// All there ever were.
    package let attempts: Int
    /// Those since it was last sent anew: the place in the schedule.
    let tries: Int
    package let dueAt: Timestamp?
    package let lastStatus: Int?
    package let lastError: String?
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package enum State: String, Sendable, CaseIterable, SQLConvertible {
        /// Waits for its next attempt.
        case queued
        /// Waits for its endpoint to be enabled.
        case held
        case delivered
        /// Given up after the last attempt of the schedule; can be replayed.
        case failed
    }

    /// How long it is kept, in seconds: 30 days.
    package static let lifetime: Int64 = 30 * 86_400
}

extension Delivery: JSONRepresentable, SchemaDescribed {
    package func write(to json: inout JSONWriter) {
        json.object { json in writeMembers(to: &json) }
    }

    fileprivate func writeMembers(to json: inout JSONWriter) {
        json.field("id", id)
        json.field("webhook_id", webhook)
        json.field("event_id", event)
        json.field("event_type", type)
        json.field("event_seq", sequence)
        json.field("state", state.rawValue)
        json.field("attempt_count", attempts)
        json.field("next_attempt_at", dueAt)
        json.field("last_status", lastStatus)
        json.field("last_error", lastError)
        json.field("created_at", createdAt)
        json.field("updated_at", updatedAt)
    }

    fileprivate static let fields: [Schema.Field] = [
        .required("id", .id("dlv")), .required("webhook_id", .id("whk")), .required("event_id", .id("evt")),
        .required("event_type", .string(1...120).example("project.created")), .required("event_seq", .integer(1...Int64.max)),
        .required("state", .choice(of: State.self)), .required("attempt_count", .integer(0...Int64.max)),
        .required("next_attempt_at", Schema.timestamp().nullable),
        .required("last_status", Schema.integer(100...999, "HTTP status of the last attempt; null where there was no answer.").nullable),
        .required("last_error", Schema.string(0...1000, .echo).nullable), .required("created_at", .timestamp()),
        .required("updated_at", .timestamp()),
    ]
    package static let schema = Schema.named("DeliverySummary", .object(fields))
}

/// A delivery as it is answered alone: with what was sent, and everything that came of it.
struct DeliveryDetail: Sendable, JSONRepresentable {
    let delivery: Delivery
    let url: String
    /// The body that every attempt carries; nil when the event is past the log's retention.
    let body: [UInt8]?
    let attempts: [Attempt]

    func write(to json: inout JSONWriter) {
        json.object { json in
            delivery.writeMembers(to: &json)
            json.field("url", url)
            json.field("body", body.map { String(decoding: $0, as: UTF8.self) })
            json.array("attempts", attempts) { json, attempt in attempt.write(to: &json, event: delivery.event) }
        }
    }

    static let schema = Schema.named(
        "Delivery",
        .object(
            Delivery.fields + [
                .required("url", .string(1...2000, .uri, "Where it goes now.")),
                .required("body", Schema.string(0...10_000_000, .echo, "What every attempt carries, byte for byte.").nullable),
                .required("attempts", .array(Attempt.schema, 0...10_000, "The last hundred, oldest first.")),
            ]))
}
