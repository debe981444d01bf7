import Kernel
import Prices
import Provider
import Server
import Simulator
import Storage
import TestKit
import Testing

/// The server dies at every call to the provider, before it leaves and after it has had its effect, and starts again on what is on disk.
@Suite struct `A server that dies at any call` {
    /// One scenario: what is asked for once everything before it has ended.
    struct Scenario: Sendable, CustomTestStringConvertible {
        let name: String
        /// Calls to the provider in a run that nothing disturbs; the matrix goes one further, where nothing is cut.
        let calls: Int
        let objects: Int
        /// The event the log must hold exactly once.
        let event: String
        /// What is there before.
        var prepare: @Sendable (Cloud) async throws -> Void = { try await $0.make("instances", "first") }
        let ask: @Sendable (Cloud) async throws -> Void
        var testDescription: String { name }
    }

    static let scenarios = [
        Scenario(name: "create", calls: 3, objects: 2, event: "instance.ready") { cloud in
            _ = try await cloud.post("/v1/instances", cloud.body("second")).expecting(201)
        },
        Scenario(name: "create a volume", calls: 1, objects: 2, event: "volume.ready") { cloud in
            _ = try await cloud.post("/v1/volumes", cloud.body("second")).expecting(201)
        },
        Scenario(name: "stop", calls: 2, objects: 1, event: "instance.stopped") { cloud in
            _ = try await cloud.post("/v1/instances/first/actions/stop").expecting(202)
        },
        Scenario(name: "restart", calls: 2, objects: 1, event: "instance.restarted") { cloud in
            _ = try await cloud.post("/v1/instances/first/actions/restart").expecting(202)
        },
        Scenario(name: "resize", calls: 2, objects: 1, event: "instance.resized") { cloud in
            _ = try await cloud.post("/v1/instances/first/actions/resize", ["size": "s-2"]).expecting(202)
        },
        Scenario(name: "delete", calls: 2, objects: 0, event: "instance.deleted") { cloud in
            _ = try await cloud.delete("/v1/instances/first").expecting(202)
        },
        Scenario(name: "undelete a volume", calls: 1, objects: 1, event: "volume.undeleted", prepare: keepVolume) { cloud in
            _ = try await cloud.post("/v1/volumes/kept/undelete").expecting(202)
        },
        Scenario(name: "purge a volume", calls: 2, objects: 0, event: "volume.purged", prepare: keepVolume) { cloud in
            _ = try await cloud.delete("/v1/volumes/kept?purge=true").expecting(202)
        },
    ]

    /// A deleted volume, whose object is there.
    @Sendable private static func keepVolume(_ cloud: Cloud) async throws {
        try await cloud.make("volumes", "kept")
        _ = try await cloud.delete("/v1/volumes/kept").expecting(202)
        try await cloud.installation.settle()
    }

    @Test(arguments: scenarios, ["name", "token", "label"])
    func `leaves one object, one charge and one entry in the log`(_ scenario: Scenario, _ identification: String) async throws {
        for call in 1...(scenario.calls + 1) {
            for moment in CuttingDriver.Moment.allCases {
                try await Self.die(at: call, moment, in: scenario, identification)
            }
        }
    }

    private static func die(at call: Int, _ moment: CuttingDriver.Moment, in scenario: Scenario, _ identification: String) async throws {
        let note = Comment(rawValue: "\(scenario.name), \(identification), \(moment.rawValue) call \(call)")
        try await Place.fresh { place in
            let home = try await Installation.prepare(place)
            try await Installation.open(in: place, home: home) { installation in
                let cloud = try await Cloud.connect(installation, ["latency_ms": 0, "identification": .string(identification)])
                try await scenario.prepare(cloud)
            }
            let cut = CuttingDriver.Cut(at: call, moment)
            try await Installation.open(in: place, home: home, drivers: { [CuttingDriver(SimulatorDriver(store: $0), cut: cut)] }) {
                installation in
                try await scenario.ask(Cloud(installation: installation))
                let work = Task { try await installation.settle(within: 60) }
                while !cut.isDead, try await installation.isBusy { await Task.yield() }
                work.cancel()
                _ = await work.result
            }
            #expect(cut.isDead == (call <= scenario.calls), note)
            try await Installation.open(in: place, home: home) { installation in
                try await installation.settle()
                let cloud = Cloud(installation: installation)
                #expect(try await cloud.objects() == scenario.objects, note)
                #expect(try await cloud.events(scenario.event) == (scenario.event == "instance.ready" ? 2 : 1), note)
                #expect(try await cloud.unfinished() == 0, note)
                try await cloud.expectOneCharge(note)
            }
        }
    }
}

extension Cloud {
    func unfinished() async throws -> Int {
        try await installation.store.read { connection in
            try connection.row("SELECT count(*) FROM operations WHERE finished_at IS NULL") { $0.integer(0) } ?? -1
        }
    }

    /// An hour later everything that runs was charged for once in each hour, and nothing else.
    func expectOneCharge(_ note: Comment) async throws {
        try await installation.emptySandboxBooks()
        installation.clock.advance(seconds: 3600)
        try await MeteredTime.catchUp(installation.store, installation.place.surroundings)
        let charges = try await get("/v1/charges?limit=100").expecting(200).items
        let places = charges.map {
            "\($0["resource_id"]?.string ?? "") \($0["sku_id"]?.string ?? "") \($0["charge_period_start"]?.string ?? "")"
        }
        #expect(Set(places).count == places.count, note)
        for collection in ["instances", "volumes"] {
            for resource in try await get("/v1/\(collection)").expecting(200).items {
                let isCharged = resource["status"]?["power"]?.string.map { $0 == "running" } ?? true
                let own = charges.filter { $0["resource_id"] == resource["id"] }
                if isCharged { #expect(!own.isEmpty, note) }
            }
        }
    }
}
