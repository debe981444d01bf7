import Kernel
import Provider
import Simulator
import Storage
import TestKit
import Testing

extension `A provider keeps the rule that` {
    /// Where objects are found again by token and by name; a cloud that can tell neither keeps less.
    @Test(arguments: ProviderConformance.all, ["token", "name"])
    func `the simulator`(rule: ProviderConformance, identification: String) async throws {
        try await Place.fresh { place in
            let store = try Store(sqlite: .init(path: place.databasePath, synchronous: .off))
            _ = try await Migrator(SimulatorSchema.migrations + SimulatorSchema.moreKinds).migrate(store, at: place.clock.now)
            let peer = Peer(
                driver: SimulatorDriver(store: store), settings: ["latency_ms": 0, "identification": .string(identification)],
                image: "debian-12", runsCommands: false, surroundings: place.surroundings,
                pause: { place.clock.advance(milliseconds: 50) },
                fill: { provider, bucket, names in
                    let simulator = try #require(provider as? Simulator)
                    try await simulator.fill(bucket, objects: names.count)
                })
            try await rule.check(peer)
            try store.close()
        }
    }
}
