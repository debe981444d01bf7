package import Kernel
package import Storage
package import Web

package enum WebhookKind: IDKind { package static let prefix = "whk" }
package enum DeliveryKind: IDKind { package static let prefix = "dlv" }
package enum ReplayKind: IDKind { package static let prefix = "rpl" }
package typealias WebhookID = ID<WebhookKind>
package typealias DeliveryID = ID<DeliveryKind>
package typealias ReplayID = ID<ReplayKind>

/// An address that is told of events.
package struct Webhook: Sendable {
    package let id: WebhookID
    package let tenant: Tenant
    package var url: String
    package var description: String
    /// One of them matches what is sent.
    package var events: [EventPattern]
    /// Only events of these; nil for the whole workspace.
    package var projects: [ProjectID]?
    package var status: Status
    let secret: SealedSecret
    /// The secret before the last rotation, and until when it signs too.
    let previous: (secret: SealedSecret, until: Timestamp)?
    /// The log's head when it was made.
    let startsAfter: Int64
    package var health: EndpointHealth
    package let version: Int
    package let createdAt: Timestamp
    package var updatedAt: Timestamp

    package enum Status: Sendable, Equatable {
        case enabled
        case disabled(Reason, at: Timestamp)
    }

    package enum Reason: String, Sendable, CaseIterable, SQLConvertible {
        /// Somebody switched it off.
        case requested
        /// It answered 410.
        case gone
        /// For five days nothing was taken.
        case failing
    }

    package var isEnabled: Bool { status == .enabled }
    package var etag: ETag { ETag(version: version) }

    /// How many a workspace may have, in each mode.
    static let most = 100
}

extension Webhook {
    static let testType = "webhook.test"
    static let retriedType = "webhook.retried"

    /// Whether the event is meant for it, whenever it happened. An endpoint is told nothing of itself but its tests, which are told to
    /// nobody else.
    func wants(_ event: Event) -> Bool {
        if event.type == Self.testType { return event.subject == id.rawValue }
        return event.subject != id.rawValue && filter.matches(event)
    }

    var filter: EventFilter {
        var filter = EventFilter()
        filter.types = events
        filter.projects = projects
        return filter
    }

    /// Whether the caller may know of it: all of its projects must be in reach.
    package func isVisible(to caller: Caller) -> Bool {
        caller.reachesWorkspace || projects?.allSatisfy { caller.role(in: $0) != nil } == true
    }

    /// Throws `forbidden` for who may only look.
    func requireEditor(_ caller: Caller) throws {
        guard let projects, !caller.reachesWorkspace else { return try caller.requireWorkspace(.editor) }
        for project in projects { try caller.require(.editor, in: project) }
    }
}

extension Webhook: JSONRepresentable, SchemaDescribed {
    package func write(to json: inout JSONWriter) { write(to: &json, secret: nil) }

    /// With its secret, for the one answer that shows it.
    func write(to json: inout JSONWriter, secret: String?) {
        json.object { json in
            json.field("id", id)
            json.field("url", url)
            json.field("description", description)
            json.array("events", events.map(\.text))
            json.field("project_ids", projects.map { JSON.array($0.map { .string($0.rawValue) }) })
            json.field("mode", tenant.mode.rawValue)
            json.field("enabled", isEnabled)
            if case .disabled(let reason, let at) = status {
                json.field("disabled_reason", reason.rawValue)
                json.field("disabled_at", at)
            } else {
                json.null("disabled_reason")
                json.null("disabled_at")
            }
            json.field("failing_since", health.failingSince)
            json.field("paused_until", health.pausedUntil)
            json.field("secret_overlap_until", previous?.until)
            if let secret { json.field("secret", secret) }
            json.field("created_at", createdAt)
            json.field("updated_at", updatedAt)
        }
    }

    private static let fields: [Schema.Field] = [
        .required("id", .id("whk")), .required("url", .string(1...2000, .uri)), .required("description", .string(0...1000)),
        .required("events", .array(.string(1...120).example("instance.*"), 1...100)),
        .required("project_ids", Schema.array(.id("proj"), 0...100, "Only events of these; null for the whole workspace.").nullable),
        .required("mode", .choice(of: Mode.self)), .required("enabled", .boolean()),
        .required("disabled_reason", Schema.choice(of: Reason.self).nullable), .required("disabled_at", Schema.timestamp().nullable),
        .required("failing_since", Schema.timestamp("Since when it has taken nothing.").nullable),
        .required("paused_until", Schema.timestamp("Until when it asked not to be called.").nullable),
        .required("secret_overlap_until", Schema.timestamp("Until when the secret before signs too.").nullable),
        .required("created_at", .timestamp()), .required("updated_at", .timestamp()),
    ]
    package static let schema = Schema.named("Webhook", .object(fields))
    static let freshSchema = Schema.named(
        "NewWebhook",
        .object(fields + [.required("secret", .string(1...200, .text, "What signs its deliveries; shown once.").example("whsec_…"))]))

    /// What stands in the log about it. The query of a URL may be a secret.
    var snapshot: JSON {
        [
            "url": .string(String(url.prefix { $0 != "?" })), "description": .string(description),
            "events": .array(events.map { .string($0.text) }),
            "project_ids": projects.map { .array($0.map { .string($0.rawValue) }) } ?? .null, "enabled": .bool(isEnabled),
        ]
    }
}

/// A webhook with its secret, as it exists for the one answer that shows it.
package struct FreshWebhook: Sendable, JSONRepresentable {
    package let webhook: Webhook
    package let secret: String

    package func write(to json: inout JSONWriter) { webhook.write(to: &json, secret: secret) }
}
