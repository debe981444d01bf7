package import Web

/// What is said in the log about webhooks; never a secret, and of a URL not what stands after `?`.
package enum WebhookEvents {
    private static let snapshot = Schema.object([
        .required("url", .string(1...4096, .echo)), .required("description", .string(0...4096, .echo)),
        .required("events", .array(.string(1...120))), .required("project_ids", Schema.array(.id("proj")).nullable),
        .required("enabled", .boolean()),
    ])
    private static let turned: [Schema.Field] = [
        .optional("reason", .choice(of: Webhook.Reason.self, "When the server switched it off by itself.")), .required("before", snapshot),
        .required("after", snapshot),
    ]

    package static let types = [
        EventType.creation("webhook.created", "An endpoint was made; it is sent what happens from now on.", of: snapshot),
        .change("webhook.updated", "An endpoint's URL, filters or description changed.", of: snapshot),
        EventType("webhook.enabled", "An endpoint was switched on; what was held is sent.", data: turned),
        EventType("webhook.disabled", "An endpoint was switched off; what happens meanwhile is held.", data: turned),
        EventType("webhook.rotated", "An endpoint got a new secret.", data: [.required("overlap_seconds", .integer(0...31_536_000))]),
        .removal("webhook.deleted", "An endpoint was deleted.", of: snapshot),
        EventType(
            "webhook.replayed", "Events are sent again.",
            data: [
                .optional("event_id", .id("evt")), .optional("from", .timestamp()), .optional("to", .timestamp()),
                .optional("after", .integer(0...Int64.max)), .optional("since", .string(1...100)),
            ]),
        EventType(
            Webhook.retriedType, "A delivery is tried again.",
            data: [.required("delivery_id", .id("dlv")), .required("event_id", .id("evt"))]),
        EventType("webhook.test", "Sent to one endpoint to see that it works.", data: [.required("delivery_id", .id("dlv"))]),
    ]
}
