import HTTPTypes
import Kernel
import Storage
import Web

extension WebhookRoutes {
    var sending: [Route] {
        [
            Route(
                .post, "/v1/webhooks/{id}/test", .scope(.webhooksWrite), "Send a test",
                details: "Puts a `webhook.test` event into the log and sends it to this webhook alone, whatever its filters.",
                answers: [Self.accepted(Self.testSchema)], problems: [.forbidden, .conflict], handler: test),
            Route(
                .post, "/v1/webhooks/{id}/replay", .scope(.webhooksWrite), "Send events again",
                details: """
                    One event (`event_id`); those of a time (`from`, and `to`, which is not included); those after a number of the log \
                    (`after`); or, with `since` or nothing, all that failed. Only what the webhook's filters let through is sent, under the \
                    same `webhook-id` as before.
                    """,
                body: .optional(
                    .object([
                        .optional("event_id", .id("evt")), .optional("from", .timestamp()), .optional("to", .timestamp()),
                        .optional("after", .integer(0...Int64.max, "The `seq` of an event.")),
                        .optional("since", .choice(["last_failure"])),
                    ])), answers: [Self.accepted(Self.replaySchema)], problems: [.forbidden, .conflict], handler: replay),
        ]
    }

    var deliveries: [Route] {
        [
            Route(
                .get, "/v1/webhooks/{id}/deliveries", .scope(.webhooksRead), "List deliveries",
                details: "The newest event first. Kept for 30 days.",
                query: ListEnvelope.parameters(
                    sort: Delivery.sortFields,
                    filters: [.init("state", .choice(of: Delivery.State.self)), .init("event_type", .string(1...120))]),
                answers: [.list(of: Delivery.schema)], handler: list),
            Route(
                .get, "/v1/deliveries/{id}", .scope(.webhooksRead), "Read a delivery with its attempts",
                answers: [.ok(DeliveryDetail.schema)], handler: get),
            Route(
                .post, "/v1/deliveries/{id}/retry", .scope(.webhooksWrite), "Send a delivery again, now",
                answers: [Self.accepted(Delivery.schema)], problems: [.forbidden, .conflict], handler: retry),
        ]
    }

    private static func accepted(_ schema: Schema) -> Route.Response {
        .init(status: 202, description: "It will be done.", schema: schema)
    }

    private static let testSchema = Schema.object([
        .required("webhook_id", .id("whk")), .required("delivery_id", .id("dlv")), .required("event_type", .choice([Webhook.testType])),
        .required("request_id", .id("req")),
    ])
    private static let replaySchema = Schema.object([
        .required("replay_id", .id("rpl")), .required("webhook_id", .id("whk")), .required("request_id", .id("req")),
    ])

    // MARK: Tests and replays

    private func test(_ call: Call) async throws -> Answer {
        let answer = try await call.commit { connection in
            let webhook = try call.editedWebhook(connection)
            try webhook.requireEnabled()
            let by = call.attribution
            let delivery = by.makeID(DeliveryKind.self)
            connection.append(
                EventDraft(Webhook.testType, subject: webhook.id.rawValue, data: ["delivery_id": JSON(delivery)]), by: by)
            return .json(
                .accepted,
                [
                    "webhook_id": JSON(webhook.id), "delivery_id": JSON(delivery), "event_type": .string(Webhook.testType),
                    "request_id": JSON(call.requestID),
                ] as JSON)
        }
        await courier.hurry(call)
        return answer
    }

    private func replay(_ call: Call) async throws -> Answer {
        let span = try ReplaySpan(call.body)
        return try await call.commit { connection in
            let webhook = try call.editedWebhook(connection)
            try webhook.requireEnabled()
            let replay = try span.replay(of: webhook, id: call.attribution.makeID(), connection)
            try replay.insert(in: webhook.tenant, connection)
            connection.append(
                EventDraft("webhook.replayed", subject: webhook.id.rawValue, data: call.body ?? .object([])), by: call.attribution)
            return .json(
                .accepted,
                ["replay_id": JSON(replay.id), "webhook_id": JSON(webhook.id), "request_id": JSON(call.requestID)] as JSON)
        }
    }

    // MARK: Deliveries

    private func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        return call.answer(
            try await call.read { connection in
                let webhook = try Webhook.find(call.id(), for: call.caller, connection)
                return try Delivery.list(request, of: webhook, state: call.query["state"], type: call.query["event_type"], connection)
            })
    }

    private func get(_ call: Call) async throws -> Answer {
        let detail = try await call.read { connection in
            let (delivery, webhook) = try Delivery.find(call.id(), for: call.caller, connection)
            return DeliveryDetail(
                delivery: delivery, url: webhook.url,
                body: try Event.find(delivery.sequence, in: webhook.tenant, connection).map(WebhookMessage.body),
                attempts: try Attempt.all(of: delivery.id, in: webhook.tenant, connection))
        }
        return .json(.ok, detail)
    }

    private func retry(_ call: Call) async throws -> Answer {
        try await call.commit { connection in
            let (delivery, webhook) = try Delivery.find(call.id(), for: call.caller, connection)
            try webhook.requireEditor(call.caller)
            try webhook.requireEnabled()
            try delivery.sendAnew(in: webhook.tenant, at: call.at, connection)
            connection.append(
                EventDraft(
                    Webhook.retriedType, subject: webhook.id.rawValue,
                    data: ["delivery_id": JSON(delivery.id), "event_id": JSON(delivery.event)]), by: call.attribution)
            return .json(.accepted, try Delivery.find(delivery.id, in: webhook.tenant, connection) ?? delivery)
        }
    }
}
