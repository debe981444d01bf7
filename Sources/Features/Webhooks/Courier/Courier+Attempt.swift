import Kernel
import Logging
import Outgoing
import Storage

extension Courier {
    enum Carried: Sendable {
        case taken
        case refused
        /// The attempt was cut off, or its outcome could not be written.
        case unknown
    }

    /// One attempt, from signing to the row that tells of it. The body is the same at every attempt; the signature is of the moment.
    func attempt(_ parcel: Parcel) async -> Carried {
        do {
            guard let event = parcel.event else { return try await abandon(parcel, "The event is past the log's retention.") }
            let body = try WebhookMessage.body(of: event)
            let sentAt = surroundings.now()
            let signatures = try parcel.webhook.signatures(id: event.id.rawValue, body: body, at: sentAt, vault)
            let trace = try WebhookMessage.trace(of: event, random: surroundings.random).traceparent
            let headers = Attempt.headers(event: event.id, at: sentAt, signature: signatures, trace: trace)
            guard let answer = await exchange(parcel.webhook.url, headers, body) else { return .unknown }
            return try await note(parcel, answer, sentAt: sentAt, signature: Attempt.masked(signatures), trace: trace)
        } catch {
            logger.error("a delivery cannot be made", metadata: ["delivery": "\(parcel.delivery.id)", "error": "\(error)"])
            return .unknown
        }
    }

    private struct Exchange: Sendable {
        var response: OutgoingResponse?
        var error: OutgoingError?
        let duration: Duration
    }

    /// Nil when it was cut off because the server stops.
    private func exchange(_ url: String, _ headers: [(name: String, value: String)], _ body: [UInt8]) async -> Exchange? {
        // Over plain HTTP only what the operator opened is reached.
        let request = OutgoingRequest(
            .post, url, headers: headers, body: body, timeout: limits.timeout, bodyLimit: Attempt.bodyLimit,
            onlyToOpened: url.lowercased().hasPrefix("http:"))
        let begun = ContinuousClock.now
        do {
            let response = try await send(request)
            return Exchange(response: response, duration: response.duration)
        } catch {
            return error == .cancelled ? nil : Exchange(error: error, duration: .now - begun)
        }
    }

    private func note(_ parcel: Parcel, _ answer: Exchange, sentAt: Timestamp, signature: String, trace: String) async throws -> Carried {
        let now = surroundings.now()
        let outcome: AttemptOutcome =
            answer.response.map { response in
                .answered(status: response.status, retryAfter: response.header("retry-after").flatMap { RetryAfter.seconds($0, at: now) })
            } ?? .unanswered
        let jitter = surroundings.random()
        return try await store.write(in: parcel.webhook.tenant.workspace) { [surroundings] connection in
            guard let webhook = try Webhook.find(parcel.webhook.id, in: parcel.webhook.tenant, connection),
                let delivery = try Delivery.find(parcel.delivery.id, in: webhook.tenant, connection)
            else { return .unknown }
            let step = DeliveryStep(after: outcome, tries: delivery.tries + 1, health: webhook.health, at: now, jitter: jitter)
            let fate = step.fate.unless(held: !webhook.isEnabled)
            let attempt = Attempt(
                number: delivery.attempts + 1, sentAt: sentAt, duration: answer.duration.milliseconds, signature: signature,
                status: answer.response?.status, error: answer.error?.description, body: answer.response?.body,
                isTruncated: answer.response?.isTruncated == true, nextAt: fate.dueAt, trace: trace)
            try delivery.save(attempt, fate, in: webhook.tenant, at: now, connection)
            try webhook.save(step.health, connection)
            if let reason = step.disables {
                let by = Attribution(
                    tenant: webhook.tenant, actor: .system("webhooks"), address: nil, request: nil, surroundings: surroundings)
                try webhook.disable(reason, by: by, connection)
            }
            return step.fate == .delivered ? .taken : .refused
        }
    }

    private func abandon(_ parcel: Parcel, _ error: String) async throws -> Carried {
        let now = surroundings.now()
        try await store.write(in: parcel.webhook.tenant.workspace) { connection in
            try parcel.delivery.abandon(error, in: parcel.webhook.tenant, at: now, connection)
        }
        return .taken
    }
}

extension DeliveryStep.Fate {
    /// The endpoint may have been switched off while the attempt was under way.
    fileprivate func unless(held: Bool) -> DeliveryStep.Fate {
        if held, case .retry = self { .held } else { self }
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
