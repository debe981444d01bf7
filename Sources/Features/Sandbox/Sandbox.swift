import HTTPTypes
package import Identity
package import Kernel
package import Storage
package import Web

/// The test side of every workspace: seeded when it is made, reset on demand and once a day.
package struct Sandbox: Sendable {
    private let seeds: [any SandboxSeed]

    package init(seeds: [any SandboxSeed]) { self.seeds = seeds }

    package static let migrations = [
        Migration(
            "0007-sandbox",
            "CREATE TABLE sandboxes (workspace TEXT PRIMARY KEY REFERENCES workspaces (id), reset_at INTEGER NOT NULL) STRICT")
    ]

    package static let eventTypes = [EventType("sandbox.seeded", "The test side was put back to its first data.")]

    /// Empties the test side and puts the first data back. Its log ends with an anchor that the new one begins with.
    package func reset(by: Attribution, _ connection: Connection) throws {
        let tenant = by.tenant
        guard tenant.mode == .test else { throw StorageError.failed("Only a test side can be reset.") }
        for seed in seeds { try seed.clear(tenant, connection) }
        try connection.execute("DELETE FROM idempotency_rows WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
        try EventLog.restart(reason: "sandbox_reset", by: by, connection)
        if let project = try Project.oldest(in: tenant.workspace, connection) {
            for seed in seeds { try seed.plant(project, by: by, connection) }
        }
        connection.append(EventDraft("sandbox.seeded", subject: tenant.workspace.rawValue), by: by)
        try connection.execute(
            "INSERT INTO sandboxes (workspace, reset_at) VALUES (?, ?) ON CONFLICT (workspace) DO UPDATE SET reset_at = excluded.reset_at",
            tenant.workspace, by.at)
    }

    /// Does what a reset leaves to be done after its transaction: cuts the hours of ninety days. Twice is once.
    package func complete(_ store: Store, _ surroundings: Surroundings) async throws {
        for seed in seeds { try await seed.complete(store, surroundings) }
    }

    /// Resets the sandboxes whose last reset is `interval` ago, one transaction each.
    package func resetDue(every interval: Duration, store: Store, surroundings: Surroundings) async throws {
        let limit = surroundings.now().adding(seconds: -interval.components.seconds)
        let due = try await store.read { connection in
            try connection.rows("SELECT workspace FROM sandboxes WHERE reset_at <= ? ORDER BY reset_at LIMIT 100", limit) {
                try $0.get(0, as: WorkspaceID.self)
            }
        }
        for workspace in due {
            try await store.write(in: workspace) { connection in
                // Another server may have been quicker.
                let last = try connection.row("SELECT reset_at FROM sandboxes WHERE workspace = ?", workspace) { $0.time(0) }
                guard let last, last <= limit else { return }
                let by = Attribution(
                    tenant: Tenant(workspace: workspace, mode: .test), actor: .system("sandbox"), address: nil, request: nil,
                    surroundings: surroundings)
                try reset(by: by, connection)
            }
        }
        if !due.isEmpty { try await complete(store, surroundings) }
    }
}

extension Sandbox {
    package var routes: [Route] {
        [
            Route(
                .post, "/v1/sandbox/reset", .scope(.sandboxWrite), "Reset the sandbox",
                details:
                    "Puts the test side of the workspace back to its first data. Needs a test credential of the workspace, or an admin's session.",
                answers: [.ok(Self.resetSchema)], problems: [.forbidden], handler: reset)
        ]
    }

    private static let resetSchema = Schema.object([
        .required("reset", .boolean()), .required("reset_at", .timestamp()), .required("request_id", .id("req")),
    ])

    private func reset(_ call: Call) async throws -> Answer {
        guard call.caller.mode == .test || call.caller.credential.kind == .session else {
            throw Problem(.forbidden, "The sandbox is reset with a test key or a session.")
        }
        try call.caller.requireWorkspace(.editor)
        let by = Attribution(
            tenant: Tenant(workspace: call.caller.workspace, mode: .test), actor: call.caller.actor, address: call.address,
            request: call.requestID,
            surroundings: call.surroundings)
        let answer = try await call.commit { connection in
            try reset(by: by, connection)
            var json = JSONWriter()
            json.object { json in
                json.field("reset", true)
                json.field("reset_at", by.at)
                json.field("request_id", call.requestID)
            }
            return Answer(status: .ok, headers: .json, body: json.take())
        }
        // The reset is committed and must be told; what fails here is done within a minute.
        try? await complete(call.store, call.surroundings)
        return answer
    }
}
