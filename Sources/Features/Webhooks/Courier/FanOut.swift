import Kernel
import Logging
package import Storage
import Synchronization
import Web

/// An endpoint by its whole name.
struct Address: Hashable, Sendable {
    let tenant: Tenant
    let webhook: WebhookID
}

// From the log to the queue. A part of the log, the deliveries it makes and the cursor's move commit together, and an endpoint has at most
// one delivery of an event, so that dying anywhere in between neither loses nor doubles one.

extension Courier {
    /// Turns what is new in the log into deliveries, holds or lets go those of endpoints that were switched, and goes on with replays.
    package func distribute(_ wake: EventWake) async throws {
        let tenants =
            switch wake {
            case .committed(let tenants): Array(tenants)
            case .anything: try await store.read { try Webhook.tenants($0) }
            }
        for tenant in tenants { try await distribute(in: tenant) }
        try await settle()
        try await replay()
    }

    /// Makes a call's own event a delivery before the call is answered, so that the next call finds it. If it fails, the loop does it.
    func hurry(_ call: Call) async {
        do {
            try await distribute(in: call.caller.tenant)
        } catch {
            call.logger.warning("deliveries are made a moment later", metadata: ["error": "\(error)"])
        }
    }

    private func distribute(in tenant: Tenant) async throws {
        var isBehind = true
        while isBehind {
            let (cursor, events) = try await store.read { connection -> (Int64, [Event]) in
                guard try Webhook.exists(in: tenant, connection) else { return (0, []) }
                let cursor = try EventCursor.sequence(of: Self.consumer, in: tenant, connection) ?? 0
                return (cursor, try EventLog.events(in: tenant, after: cursor, limit: Self.part, connection))
            }
            guard let last = events.last else { return try await stir(tenant, at: cursor) }
            let addressed = try await store.write(in: tenant.workspace) { [surroundings] connection in
                // Another hand may have done this part; it then also moved the cursor.
                guard try EventCursor.sequence(of: Self.consumer, in: tenant, connection) ?? 0 == cursor else { return Set<Address>() }
                let addressed = try Self.queue(events, in: tenant, surroundings, connection)
                try EventCursor.set(last.sequence, of: Self.consumer, in: tenant, connection)
                return addressed
            }
            if store.isShared { lanes.withLock { $0.cursors[tenant] = last.sequence } }
            wake(addressed)
            isBehind = events.count == Self.part
        }
    }

    /// What another server has turned into deliveries, this one may have to send.
    private func stir(_ tenant: Tenant, at cursor: Int64) async throws {
        guard store.isShared, lanes.withLock({ $0.cursors.updateValue(cursor, forKey: tenant) }) != cursor else { return }
        wake(Set(try await store.read { try Webhook.enabled($0) }.filter { $0.tenant == tenant }))
    }

    private static func queue(
        _ events: [Event], in tenant: Tenant, _ surroundings: Surroundings, _ connection: Connection
    ) throws -> Set<Address> {
        let now = surroundings.now()
        var addressed: Set<Address> = []
        let webhooks = try Webhook.all(in: tenant, connection)
        for event in events {
            // What is to be tried again is due already.
            if event.type == Webhook.retriedType { addressed.insert(Address(tenant: tenant, webhook: WebhookID(event.subject))) }
            for webhook in webhooks where event.sequence > webhook.startsAfter && webhook.wants(event) {
                try Delivery.add(event, to: webhook, id: event.plannedDelivery ?? surroundings.makeID(), at: now, connection)
                if webhook.isEnabled { addressed.insert(Address(tenant: tenant, webhook: webhook.id)) }
            }
        }
        return addressed
    }

    // MARK: Endpoints that were switched on or off

    private func settle() async throws {
        while let address = try await store.peek({ try Self.unsettled($0) }) {
            try await store.write(in: address.tenant.workspace) { [surroundings] connection in
                try Self.settle(address, at: surroundings.now(), connection)
            }
            wake([address])
        }
    }

    private static func unsettled(_ connection: Connection) throws -> Address? {
        try connection.row("SELECT workspace, mode, id FROM webhook_endpoints WHERE is_settled = 0 LIMIT 1") {
            try Address(tenant: Tenant(workspace: $0.get(0), mode: $0.get(1)), webhook: $0.get(2))
        }
    }

    /// Holds, or makes due, a part of what waits for the endpoint.
    private static func settle(_ address: Address, at now: Timestamp, _ connection: Connection) throws {
        guard let webhook = try Webhook.find(address.webhook, in: address.tenant, connection) else { return }
        let (workspace, mode) = (address.tenant.workspace, address.tenant.mode)
        let waiting = webhook.isEnabled ? "state = 'held'" : "due_at IS NOT NULL"
        let moved = try connection.execute(
            """
            UPDATE webhook_deliveries SET state = ?, tries = 0, due_at = ?, updated_at = ? WHERE workspace = ? AND mode = ? AND id IN
                (SELECT id FROM webhook_deliveries WHERE workspace = ? AND mode = ? AND endpoint = ? AND \(waiting) ORDER BY sequence LIMIT 500)
            """, webhook.isEnabled ? Delivery.State.queued : .held, webhook.isEnabled ? now : nil, now, workspace, mode, workspace, mode,
            webhook.id)
        guard moved < 500 else { return }
        try connection.execute(
            "UPDATE webhook_endpoints SET is_settled = 1 WHERE workspace = ? AND mode = ? AND id = ?", workspace, mode, webhook.id)
    }

    // MARK: Replays

    private func replay() async throws {
        while let (tenant, replay) = try await store.peek({ try Replay.next($0) }) {
            try await store.write(in: tenant.workspace) { [surroundings] connection in
                try replay.advance(tenant, surroundings, connection)
            }
            wake([Address(tenant: tenant, webhook: replay.webhook)])
        }
    }
}

extension Event {
    /// A test's delivery has its id before it is made, so that who asked for the test knows it.
    fileprivate var plannedDelivery: DeliveryID? {
        guard type == Webhook.testType, let data = try? row["data"] else { return nil }  // what is not JSON plans nothing
        return data["delivery_id"]?.string.map { DeliveryID($0) }
    }
}
