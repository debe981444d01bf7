import Kernel
import Storage
import Web

/// One try at a delivery, as it went.
struct Attempt: Sendable {
    let number: Int
    let sentAt: Timestamp
    /// Milliseconds, looking up the name included.
    let duration: Int64
    /// `webhook-signature`, each with all but its beginning left out.
    let signature: String
    let status: Int?
    /// Why there was no answer.
    let error: String?
    /// The beginning of the answer's body.
    let body: [UInt8]?
    let isTruncated: Bool
    let nextAt: Timestamp?
    /// `traceparent` as it was sent; nil of an attempt older than that.
    let trace: String?

    /// Bytes of an answer that are kept.
    static let bodyLimit = 2048
    static let userAgent = "CloudAPI-Webhooks/1"

    /// The headers that go out, in their order.
    static func headers(event: EventID, at: Timestamp, signature: String, trace: String?) -> [(name: String, value: String)] {
        [
            ("content-type", "application/json"), ("user-agent", userAgent), ("webhook-id", event.rawValue),
            ("webhook-timestamp", String(at.seconds)), ("webhook-signature", signature),
        ] + (trace.map { [("traceparent", $0)] } ?? [])
    }

    /// `v1,K5oZ…` for each signature: enough to compare, too little to use.
    static func masked(_ signatures: String) -> String {
        signatures.split(separator: " ").map { $0.prefix(7) + "…" }.joined(separator: " ")
    }

    func write(to json: inout JSONWriter, event: EventID) {
        json.object { json in
            json.field("number", number)
            json.field("sent_at", sentAt)
            json.field("duration_ms", duration)
            json.object("request") { json in
                json.object("headers") { json in
                    for (name, value) in Self.headers(event: event, at: sentAt, signature: signature, trace: trace) {
                        json.dynamicField(name, value)
                    }
                }
            }
            json.field("response", status.map { Response(status: $0, body: body ?? [], isTruncated: isTruncated) })
            json.field("error", error)
            json.field("next_attempt_at", nextAt)
        }
    }

    private struct Response: JSONRepresentable {
        let status: Int
        let body: [UInt8]
        let isTruncated: Bool

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("status", status)
                json.field("body", String(decoding: body, as: UTF8.self))
                json.field("truncated", isTruncated)
            }
        }
    }

    static let schema = Schema.named(
        "DeliveryAttempt",
        .object([
            .required("number", .integer(1...Int64.max)), .required("sent_at", .timestamp()),
            .required("duration_ms", .integer(0...Int64.max)),
            .required(
                "request",
                .object([.required("headers", Schema(.map(.string(0...1000, .echo)), "As they were sent, the signatures cut short."))])),
            .required(
                "response",
                Schema.object([
                    .required("status", .integer(100...999)),
                    .required("body", .string(0...Int(bodyLimit), .echo, "Its first 2 KiB.")),
                    .required("truncated", .boolean()),
                ]).nullable), .required("error", Schema.string(0...1000, .echo, "Why there was no answer.").nullable),
            .required("next_attempt_at", Schema.timestamp().nullable),
        ]))
}

extension Attempt {
    func insert(of delivery: DeliveryID, in tenant: Tenant, _ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO webhook_attempts (workspace, mode, delivery, number, sent_at, duration, signature, status, error, body, is_truncated, \
            next_at, trace) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, tenant.workspace, tenant.mode, delivery, number, sentAt, duration, signature, status, error, body, isTruncated, nextAt,
            trace)
    }

    /// The last hundred, oldest first.
    static func all(of delivery: DeliveryID, in tenant: Tenant, _ connection: Connection) throws -> [Attempt] {
        try connection.rows(
            """
            SELECT number, sent_at, duration, signature, status, error, body, is_truncated, next_at, trace FROM webhook_attempts
            WHERE workspace = ? AND mode = ? AND delivery = ? ORDER BY number DESC LIMIT 100
            """, tenant.workspace, tenant.mode, delivery
        ) { row in
            try Attempt(
                number: row.get(0), sentAt: row.get(1), duration: row.get(2), signature: row.get(3), status: row.get(4),
                error: row.get(5), body: row.get(6), isTruncated: row.get(7), nextAt: row.get(8), trace: row.get(9))
        }.reversed()
    }
}
