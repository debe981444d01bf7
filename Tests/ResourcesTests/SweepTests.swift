import Kernel
import Provider
import Server
import Simulator
import Storage
import TestKit
import Testing

@testable import Resources

/// How often a provider is asked, and for how much at a time.
@Suite struct `Sync` {
    @Test func `of ten thousand volumes is one list, and no look at any of them`() async throws {
        try await Cloud.counted { installation, cloud, calls in
            let id = try await cloud.make("volumes", "first").text("id")
            try await installation.sync()
            try await installation.multiply(id, to: 10_000)
            calls.reset()
            let begun = installation.clock.now
            installation.clock.advance(seconds: 600)
            try await installation.sync()
            #expect(calls["list volume"] == 1 && calls["find"] == 0)
            let behind = try await installation.store.read { connection in
                try connection.row("SELECT count(*) FROM resources WHERE kind = 'volume' AND mode = 'live' AND synced_at <= ?", begun) {
                    $0.integer(0)
                }
            }
            #expect(behind == 0)
        }
    }

    @Test func `looks each minute at what changed within the hour, then every ten minutes`() async throws {
        try await Cloud.counted { installation, cloud, calls in
            try await cloud.make("volumes", "data")
            try await installation.watch(seconds: 60)
            calls.reset()
            try await installation.watch(seconds: 600)
            #expect((8...13).contains(calls["list volume"]), "\(calls["list volume"]) in ten minutes")
            try await installation.watch(seconds: 4200, step: 5)
            calls.reset()
            try await installation.watch(seconds: 7200, step: 5)
            #expect((10...15).contains(calls["list volume"]), "\(calls["list volume"]) in two hours")
        }
    }

    static let settings: [(JSON, ClosedRange<Int>)] = [
        (["sync_interval_s": 5], 100...151), (["management": "observe"], 0...1), (["management": "paused"], 0...2),
    ]

    @Test(arguments: settings)
    func `looks as often as a resource says`(_ settings: JSON, _ expected: ClosedRange<Int>) async throws {
        try await Cloud.counted { installation, cloud, calls in
            let id = try await cloud.make("volumes", "data").text("id")
            _ = try await cloud.patch("/v1/volumes/\(id)", settings).expecting(200)
            try await installation.watch(seconds: 61)
            calls.reset()
            try await installation.watch(seconds: 600)
            #expect(expected.contains(calls["list volume"]), "\(calls["list volume"]) in ten minutes")
        }
    }

    @Test func `begins with a new interval at once, and not after the old one`() async throws {
        try await Cloud.counted { installation, cloud, calls in
            let id = try await cloud.make("volumes", "data").text("id")
            try await installation.watch(seconds: 4200, step: 5)
            try await installation.sync()
            calls.reset()
            _ = try await cloud.patch("/v1/volumes/\(id)", ["sync_interval_s": 5]).expecting(200)
            try await installation.watch(seconds: 4)
            #expect(calls["list volume"] == 0)
            try await installation.watch(seconds: 2)
            #expect(calls["list volume"] == 1, "it was looked at every ten minutes before")
        }
    }

    @Test func `looks at one object at once when somebody asks`() async throws {
        try await Cloud.counted { installation, cloud, calls in
            let id = try await cloud.make("instances", "web", .object([]), [.init("drift_policy", "report")]).text("id")
            try await cloud.make("instances", "other")
            try await installation.sync()
            calls.reset()
            installation.clock.advance(seconds: 1)
            let object = try await installation.store.write { connection in
                try connection.execute("UPDATE simulator_objects SET power = 'stopped' WHERE resource = ?", id)
            }
            #expect(object == 1)
            let asked = try await cloud.post("/v1/instances/web/actions/refresh").expecting(202)
            #expect(asked.json["operation"] == nil)
            _ = try await installation.moving { try await installation.parts.synchronizer.runDue() }
            #expect(calls["find"] == 1 && calls["list"] == 0)
            let web = try await cloud.get("/v1/instances/web").expecting(200)
            #expect(web.power == "stopped" && web.condition("Synced")?["reason"] == "StateDrift")
            #expect(web.json["status"]?["last_synced_at"]?.string == installation.clock.now.description)
        }
    }

    @Test func `takes a quarter of what the cloud allows`() async throws {
        try await Cloud.counted(publishedReads: 8) { installation, cloud, calls in
            _ = try await cloud.make("volumes", "data", .object([]), [.init("sync_interval_s", 5)])
            try await installation.watch(seconds: 120)
            calls.reset()
            try await installation.watch(seconds: 600)
            #expect((15...22).contains(calls["list"]), "\(calls["list"]) in ten minutes, where twenty may be made")
        }
    }

    @Test func `of a server that starts looks at everything within a minute, and of another's objects says nothing`() async throws {
        try await Cloud.counted { installation, cloud, calls in
            let id = try await cloud.make("instances", "web").text("id")
            try await cloud.simulator(named: "sim").plantForeign(named: "somebody")
            try await cloud.simulator(named: "sim").plantForeign(named: "cloudapi-inst-x", installation: "ins_other")
            let before = try await cloud.objects()
            try await installation.watch(seconds: 61)
            #expect(calls["list instance"] >= 1)
            #expect(try await cloud.get("/v1/instances/\(id)").json["status"]?["last_synced_at"] != .null)
            #expect(try await cloud.drifts().isEmpty)
            #expect(try await cloud.objects() == before)
        }
    }
}

/// The parts that only compute.
@Suite struct `A connection that fails` {
    private let now = StoppedClock.start

    @Test func `is waited for with growing jitter, and opens its breaker at the fifth time`() {
        var health = ConnectionHealth()
        let error = ProviderError(.throttled, "slow down")
        for failure in 1...5 {
            let opens = health.failed(error, at: now, random: 123_456_789)
            #expect(opens == (failure == 5))
            let most: Int64 = failure == 5 ? 60_000 : 1000 << Int64(failure - 1)
            #expect((health.retryAt?.milliseconds ?? 0) - now.milliseconds <= most)
        }
        let opensAgain = health.failed(error, at: now, random: 1)
        #expect(!opensAgain && health.isOpen)
        #expect(health.retryAt == now.adding(seconds: 60) && !health.isReady(at: now))
        health.answered()
        #expect(health.isReady(at: now) && !health.isOpen)
    }

    @Test func `is left alone for as long as it asks`() {
        var health = ConnectionHealth()
        _ = health.failed(ProviderError(.throttled, "", retryAfter: .seconds(77)), at: now, random: 5)
        #expect(health.retryAt == now.adding(seconds: 77))
    }

    @Test func `waits at most five minutes before the breaker opens, and a bucket holds a minute's calls`() {
        var budget = ReadBudget(published: 40, at: now)
        let waits = (1...10).map { _ in budget.take(at: now) }
        #expect(waits.allSatisfy { $0 == nil })
        let wait = budget.take(at: now)
        #expect(wait == .seconds(6))
        let later = budget.take(at: now.adding(seconds: 6))
        #expect(later == nil)
    }

    @Test(arguments: [UInt64(0), 200, 400])
    func `has its intervals spread by a fifth`(_ random: UInt64) {
        #expect(SyncInterval.jittered(60_000, random: random) == 48_000 + Int64(random) * 60)
    }
}

/// Baseline, what is wanted, and what is seen.
@Suite struct `The three-way comparison` {
    private static func compare(_ baseline: JSON?, _ spec: JSON, _ seen: JSON, ignoring: [String] = []) -> Comparison {
        func state(_ json: JSON) -> CanonicalState {
            CanonicalState(fields: Dictionary((json.members ?? []).map { ($0.name, $0.value) }) { $1 })
        }
        return Comparison(baseline: baseline.map(state), spec: state(spec), seen: state(seen), ignoring: ignoring)
    }

    @Test func `takes what is seen as it was for in sync, whatever the spec calls it`() {
        #expect(Self.compare(["size": "m5.large"], ["size": "s-4"], ["size": "m5.large"]).differences.isEmpty)
    }

    @Test func `takes what is seen as it is wanted for in sync, and remembers it`() {
        let comparison = Self.compare(["size_gib": 10], ["size_gib": 20], ["size_gib": 20])
        #expect(comparison.differences.isEmpty && comparison.baseline["size_gib"] == 20)
    }

    @Test func `finds what is neither, wanted as the spec says`() {
        let comparison = Self.compare(["size_gib": 10], ["size_gib": 10], ["size_gib": 11])
        #expect(comparison.differences.map(\.path) == ["size_gib"] && comparison.differences.first?.wanted == 10)
        #expect(comparison.baseline["size_gib"] == 10)
    }

    @Test func `finds what the spec does not say by what it was`() {
        #expect(Self.compare(["cidr": "10.0.0.0/24"], .object([]), ["cidr": "10.1.0.0/24"]).differences.first?.wanted == "10.0.0.0/24")
    }

    @Test func `believes the first look, but for what it does`() {
        let comparison = Self.compare(nil, ["size": "s-1", "power": "running"], ["size": "s-2", "power": "stopped"])
        #expect(comparison.differences.map(\.path) == ["power"] && comparison.baseline.fields == ["size": "s-2"])
    }

    @Test func `leaves out what is ignored and what cannot be told`() {
        #expect(Self.compare(["size": "s-1", "nat": true], ["size": "s-1"], ["size": "s-2"], ignoring: ["size"]).differences.isEmpty)
    }
}

extension Cloud {
    func simulator(named name: String) async throws -> Simulator {
        let accounts = try await installation.store.read { [tenant] in try ProviderConnection.all(in: tenant, $0) }
        let account = try #require(accounts.first { $0.name == name })
        return Simulator(
            ProviderAccount(
                tenant: tenant, id: account.id.rawValue, installation: installation.parts.engine.identity.installation,
                settings: account.settings, secret: nil, surroundings: installation.place.surroundings), store: installation.store)
    }
}

extension Installation {
    /// Makes so many of a volume, here and at its provider.
    fileprivate func multiply(_ id: String, to count: Int) async throws {
        try await store.write { connection in
            let columns = try connection.columns(of: "resources")
            let objects = try connection.columns(of: "simulator_objects")
            let numbers = "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < \(count))"
            let copied = { (columns: [String], changed: [String: String]) in
                columns.map { changed[$0] ?? "t." + $0 }.joined(separator: ", ")
            }
            let resource = copied(columns, ["id": "t.id || i", "name": "t.name || i", "reference": "t.reference || i"])
            try connection.execute(
                "\(numbers) INSERT INTO resources (\(columns.joined(separator: ", "))) SELECT \(resource) FROM resources t, n WHERE t.id = ?",
                id)
            let object = copied(
                objects,
                ["reference": "t.reference || i", "name": "t.name || i", "resource": "t.resource || i", "unique_key": "t.unique_key || i"])
            try connection.execute(
                "\(numbers) INSERT INTO simulator_objects (\(objects.joined(separator: ", "))) SELECT \(object) FROM simulator_objects t, n WHERE t.resource = ?",
                id)
        }
    }
}

extension Connection {
    fileprivate func columns(of table: String) throws -> [String] {
        switch dialect {
        case .sqlite: try rows("SELECT name FROM pragma_table_info(?)", table) { $0.text(0) }
        case .postgres:
            try rows("SELECT column_name FROM information_schema.columns WHERE table_name = ? AND table_schema = current_schema()", table) {
                $0.text(0)
            }
        }
    }
}
