import Kernel
import Prices
import Server
import Storage
import TestKit

/// An installation and what the tests of money need of it: its project as a consumer, and store functions in one call each.
struct Shop: Sendable {
    let cloud: Installation
    var mode = Mode.live

    static func run(_ body: @escaping @Sendable (Shop) async throws -> Void) async throws {
        try await Installation.run { installation in
            try await installation.emptySandboxBooks()
            try await body(Shop(cloud: installation))
        }
    }

    var tenant: Tenant { Tenant(workspace: cloud.home.workspace, mode: mode) }
    var by: Attribution {
        Attribution(tenant: tenant, actor: .system("test"), address: nil, request: nil, surroundings: cloud.place.surroundings)
    }

    func consumer(_ resource: String, provider: String = "docker", location: String = "local") -> Consumer {
        Consumer(
            tenant: tenant, account: cloud.home.account, project: cloud.home.project, resource: resource, kind: "instance", name: "web-1",
            provider: provider, location: location, labels: ["team": "core"])
    }

    static func instance(_ size: String = "s-1") -> Demand {
        let size = InstanceSize.named(size) ?? InstanceSize.all[0]
        return Demand(
            lines: [.init(sku: size.sku, units: 1)], counts: [.instances: 1, .milliCPUs: size.milliCPUs, .memoryMiB: size.memoryMiB])
    }

    static func volume(_ units: Int) -> Demand {
        Demand(lines: [.init(sku: "volume.standard", units: units)], counts: [.volumes: 1, .volumeGiB: units])
    }

    static let sizes: [(name: String, demand: Demand)] = InstanceSize.all.reversed().map { ($0.name, instance($0.name)) }

    @discardableResult
    func reserve(_ demand: Demand, for resource: String, alternatives: [(name: String, demand: Demand)] = []) async throws -> Estimate {
        let consumer = consumer(resource)
        let by = by
        return try await cloud.store.write { try Admission.reserve(demand, for: consumer, alternatives: alternatives, by: by, $0) }
    }

    func meter(_ demand: Demand, for resource: String, at: Timestamp? = nil) async throws {
        let consumer = consumer(resource)
        let at = at ?? cloud.clock.now
        try await cloud.store.write { try MeteredTime.set(demand.lines, for: consumer, at: at, $0) }
    }

    func release(_ resource: String) async throws {
        let by = by
        try await cloud.store.write { try Admission.release(resource, by: by, $0) }
    }

    @discardableResult
    func closeHours(limit: Int = 1000) async throws -> Int {
        let now = cloud.clock.now
        return try await cloud.store.write { try MeteredTime.closeHours(at: now, limit: limit, $0) }
    }

    /// Everything that was billed for a resource.
    func billed(_ resource: String) async throws -> ExactDecimal {
        try await cloud.store.read { connection in
            try connection.rows("SELECT cost FROM charges WHERE resource = ?", resource) { try $0.get(0, as: ExactDecimal.self) }
                .reduce(.zero, +)
        }
    }

    func count(_ sql: String) async throws -> Int {
        try await cloud.store.read { try $0.row(sql) { $0.integer(0) } ?? 0 }
    }

    func budget(_ amount: String, enforced: Bool = true, currency: String = "USD", scope: JSON? = nil, name: String = "Core") async throws
        -> Reply
    {
        try await cloud.post(
            "/v1/budgets", as: cloud.home.liveKey,
            [
                "name": .string(name), "scope": scope ?? ["account_id": .string(cloud.home.account.rawValue)], "amount": .string(amount),
                "currency": .string(currency), "enforced": .bool(enforced),
            ]
        ).expecting(201)
    }

    func price(_ sku: String, _ amount: String, from: Timestamp? = nil, more: [JSON.Member] = []) async throws -> Reply {
        var members: [JSON.Member] = [.init("sku", .string(sku)), .init("amount", .string(amount))] + more
        if let from { members.append(.init("effective_from", JSON(from))) }
        return try await cloud.post("/v1/prices", as: cloud.home.liveKey, .object(members)).expecting(201)
    }

    var monthEnd: Timestamp { cloud.clock.now.startOfNextMonth }
}

extension StoppedClock {
    func advance(to moment: Timestamp) { advance(milliseconds: moment.milliseconds - now.milliseconds) }
}

extension Reply {
    func decimal(_ name: String) -> ExactDecimal? { ExactDecimal(text(name)) }
}
