import HTTPTypes
import Kernel
package import Outgoing
import Storage
package import Vault
package import Web

/// `/v1/webhooks`: who is told of events.
package struct WebhookRoutes: Sendable {
    let courier: Courier
    let outgoing: Outgoing
    let vault: Vault

    package init(courier: Courier, outgoing: Outgoing, vault: Vault) {
        self.courier = courier
        self.outgoing = outgoing
        self.vault = vault
    }

    package var all: [Route] { endpoints + sending + deliveries }

    private var endpoints: [Route] {
        [
            Route(
                .get, "/v1/webhooks", .scope(.webhooksRead), "List webhooks",
                query: ListEnvelope.parameters(sort: Webhook.sortFields, filters: [.init("enabled", .boolean())]),
                answers: [.list(of: Webhook.schema)], handler: list),
            Route(
                .post, "/v1/webhooks", .scope(.webhooksWrite), "Make a webhook",
                details: """
                    Deliveries follow Standard Webhooks: `webhook-id` (the event's), `webhook-timestamp` and `webhook-signature`. The secret \
                    is shown once. A webhook is sent what happens from now on; replay sends what was before.
                    """, body: .required(.object([.required("url", WebhookDraft.url)] + WebhookDraft.fields)),
                answers: [.created(Webhook.freshSchema)], problems: [.forbidden, .quotaExceeded], handler: create),
            Route(
                .get, "/v1/webhooks/{id}", .scope(.webhooksRead), "Read a webhook", answers: [.ok(Webhook.schema)], handler: get),
            Route(
                .patch, "/v1/webhooks/{id}", .scope(.webhooksWrite), "Change, disable or enable a webhook",
                details: "What happens while it is disabled is held, and sent in order when it is enabled again.",
                body: .required(.object([.optional("url", WebhookDraft.url)] + WebhookDraft.fields)), answers: [.ok(Webhook.schema)],
                problems: [.forbidden, .preconditionFailed], handler: update),
            Route(
                .delete, "/v1/webhooks/{id}", .scope(.webhooksWrite), "Remove a webhook", answers: [.noContent()],
                problems: [.forbidden, .preconditionFailed], handler: delete),
            Route(
                .post, "/v1/webhooks/{id}/secret", .scope(.webhooksWrite), "Give a webhook a new secret",
                details: "Both secrets sign until the overlap is over. The new one is shown once.",
                body: .optional(.object([.optional("overlap_seconds", .integer(0...604_800, "Seconds; a day when left out."))])),
                answers: [.created(Webhook.freshSchema)], problems: [.forbidden], handler: rotate),
        ]
    }

    private func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        let enabled = call.query["enabled"].map { $0 == "true" }
        return call.answer(try await call.read { try Webhook.list(request, enabled: enabled, for: call.caller, $0) })
    }

    private func get(_ call: Call) async throws -> Answer {
        let webhook = try await call.read { try Webhook.find(call.id(), for: call.caller, $0) }
        return .json(.ok, webhook).with(etag: webhook.etag)
    }

    private func create(_ call: Call) async throws -> Answer {
        var draft = WebhookDraft(url: "")
        try draft.apply(call.body, outgoing)
        return try await call.commit { [draft, vault] connection in
            var draft = draft
            try draft.narrow(to: call.caller, connection)
            let fresh = try Webhook.create(draft, by: call.attribution, vault, connection)
            return .created(fresh, at: "/v1/webhooks/\(fresh.webhook.id)").with(etag: fresh.webhook.etag).holdingSecret()
        }
    }

    private func update(_ call: Call) async throws -> Answer {
        try await call.commit { [outgoing] connection in
            let webhook = try call.editedWebhook(connection)
            try call.requireMatch(webhook.etag)
            var draft = WebhookDraft(webhook)
            try draft.apply(call.body, outgoing)
            if call.body?["project_ids"] != nil { try draft.narrow(to: call.caller, connection) }
            let updated = try webhook.update(draft, by: call.attribution, connection)
            return .json(.ok, updated).with(etag: updated.etag)
        }
    }

    private func delete(_ call: Call) async throws -> Answer {
        try await call.commit { connection in
            let webhook = try call.editedWebhook(connection)
            try call.requireMatch(webhook.etag)
            try webhook.delete(by: call.attribution, connection)
            return .noContent
        }
    }

    private func rotate(_ call: Call) async throws -> Answer {
        let overlap = call.body?["overlap_seconds"]?.integer ?? 86_400
        return try await call.commit { [vault] connection in
            let webhook = try call.editedWebhook(connection)
            let fresh = try webhook.rotate(overlap: overlap, by: call.attribution, vault, connection)
            return .json(.created, fresh).holdingSecret()
        }
    }
}

extension Call {
    /// The webhook of the path. Throws `not_found`, and `forbidden` for who may only look.
    func editedWebhook(_ connection: Connection) throws -> Webhook {
        let webhook = try Webhook.find(id(), for: caller, connection)
        try webhook.requireEditor(caller)
        return webhook
    }
}

extension Webhook {
    /// Throws `conflict`: nothing is sent to one that is off.
    func requireEnabled() throws {
        guard isEnabled else { throw Problem(.conflict, "The webhook is disabled; enable it first, which also sends what is held.") }
    }
}
