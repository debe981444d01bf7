import Kernel
package import Storage
package import Web

/// Who was told of what a request did, and how that went.
package struct WebhookTrace: TraceSource {
    package init() {}

    package func links(of trace: Trace, _ connection: Connection) throws -> [TraceLink] {
        let webhooks = try Webhook.all(in: trace.caller.tenant, connection).filter { $0.isVisible(to: trace.caller) }
        return try trace.events.flatMap { event in
            try webhooks.compactMap { webhook in
                try Delivery.find(event.sequence, to: webhook, connection).map { delivery in
                    TraceLink(
                        "delivery", id: delivery.id.rawValue, href: "/v1/deliveries/\(delivery.id)", at: delivery.createdAt,
                        detail: [
                            "webhook_id": JSON(webhook.id), "event_id": JSON(delivery.event), "event_type": .string(delivery.type),
                            "state": .string(delivery.state.rawValue), "attempt_count": JSON(delivery.attempts),
                        ])
                }
            }
        }
    }
}
