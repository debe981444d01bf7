import Foundation
import Identity
import Kernel
import Server
import Storage
import TestKit
import Testing

@testable import Prices

/// The same statements on PostgreSQL, when `CLOUDAPI_TEST_POSTGRES` names a server: each test has a schema of its own.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["CLOUDAPI_TEST_POSTGRES"] != nil)) struct `Prices on PostgreSQL` {
    @Test func `are admitted, metered, closed and told alike`() async throws {
        try await Self.withStore { store, place, tenant, account, project in
            @Sendable func by() -> Attribution {
                Attribution(tenant: tenant, actor: .system("test"), address: nil, request: nil, surroundings: place.surroundings)
            }
            @Sendable func consumer(_ resource: String) -> Consumer {
                Consumer(
                    tenant: tenant, account: account, project: project, resource: resource, kind: "instance", name: "web",
                    provider: "docker",
                    location: "local", labels: [:])
            }
            let demand = Demand(lines: [.init(sku: "instance.s-1", units: 1)], counts: [.instances: 1])
            try await store.write { connection in
                try PriceBook.seed(by: by(), connection)
                _ = try Quota.set(.instances, to: 2, for: .account(account), by: by(), connection)
                _ = try Budget.create(.init(name: "Core", scope: .account(account), amount: 100), by: by(), connection)
            }
            let estimate = try await store.write { connection in
                let estimate = try Admission.reserve(demand, for: consumer("inst_a"), alternatives: [], by: by(), connection)
                try MeteredTime.set(demand.lines, for: consumer("inst_a"), at: place.clock.now, connection)
                return estimate
            }
            let admitted = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<16 {
                    group.addTask {
                        (try? await store.write { connection in
                            try Admission.reserve(demand, for: consumer("inst_race\(index)"), alternatives: [], by: by(), connection)
                        }) != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(admitted == 1)
            _ = try await store.read { try Admission.quote(demand, for: consumer("inst_a"), alternatives: [], by: by(), $0) }
            try await store.write { connection in
                var draft = PriceDraft(sku: "network", amount: 1, effectiveFrom: place.clock.now.adding(seconds: 1))
                draft.provider = "docker"
                _ = try Price.create(draft, by: by(), connection).update(draft, endsAt: nil, by: by(), connection)
            }
            let now = place.clock.now
            let listed = try await store.read { try Price.list(.init(limit: 100), .init(at: now), in: tenant, $0) }
            #expect(listed.items.count == PriceBook.first.count)
            place.clock.advance(milliseconds: now.startOfNextMonth.milliseconds - now.milliseconds)
            try await MeteredTime.catchUp(store, place.surroundings)
            let cost = try await store.read { connection in
                try connection.rows("SELECT cost FROM charges") { try $0.get(0, as: ExactDecimal.self) }.reduce(ExactDecimal.zero, +)
            }
            #expect(cost == estimate.periodAmount && cost > .zero)
            let later = place.clock.now
            let costs = try await store.read { try ResourceCost.of(["inst_a"], in: tenant, at: later, $0) }
            #expect(costs["inst_a"]?.monthToDate == .zero)
            try await store.write { connection in
                try Admission.release("inst_a", by: by(), connection)
                try MeteredTime.set([], for: consumer("inst_a"), at: later, connection)
            }
            let standing = try await store.read { connection in
                let budget = try #require(try Budget.hit(by: [account.rawValue], in: tenant, locking: false, connection).first)
                return try BudgetStanding.read(budget, in: tenant, at: later, connection)
            }
            #expect(standing.spent == .zero && standing.reserved > .zero && standing.otherCurrencyResources == 0)
        }
    }

    private static func withStore(
        _ body: (Store, Place, Tenant, AccountID, ProjectID) async throws -> Void
    ) async throws {
        let server = try #require(ProcessInfo.processInfo.environment["CLOUDAPI_TEST_POSTGRES"])
        let schema = "prices_" + UUID().uuidString.lowercased().replacing("-", with: "")
        let outside = try Store(postgres: PostgresEngine.Options(url: server))
        try await outside.write { _ = try $0.execute("CREATE SCHEMA \(schema)") }
        var url = try #require(URLComponents(string: server))
        url.queryItems = (url.queryItems ?? []) + [URLQueryItem(name: "options", value: "-c search_path=\(schema) -c lock_timeout=10min")]
        let address = try #require(url.string)
        try await Place.fresh { place in
            let store = try Store(postgres: PostgresEngine.Options(url: address, surroundings: place.surroundings))
            _ = try await Migrator(MigrationOrder.all).migrate(store, at: place.clock.now)
            let (tenant, account, project) = try await store.write { connection in
                let (workspace, account) = try Workspace.create(name: "Home", surroundings: place.surroundings, connection)
                let tenant = Tenant(workspace: workspace.id, mode: .live)
                let by = Attribution(tenant: tenant, actor: .system("test"), address: nil, request: nil, surroundings: place.surroundings)
                return (tenant, account.id, try Project.create(ProjectDraft(name: "Default"), by: by, connection).id)
            }
            try await body(store, place, tenant, account, project)
            try store.close()
        }
        try await outside.write { _ = try $0.execute("DROP SCHEMA \(schema) CASCADE") }
        try outside.close()
    }
}
