import Kernel
import Provider
import Simulator
import Storage
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct `The simulated cloud` {
    @Test func `makes, runs, stops and removes an instance`() async throws {
        try await SimulatedAccount.run { account in
            let cloud = account.open()
            let made = try await cloud.create(.instance())
            #expect(made.owner == .ours("inst_web") && made.state.power == .stopped)
            #expect(made.state.capacity == Capacity(milliCPUs: 1000, memoryMiB: 1024) && made.state.addresses == ["172.16.0.2"])
            account.clock.advance(seconds: 1)
            try await cloud.apply(.start, to: .web)
            let running = try #require(try await cloud.find(.web))
            #expect(running.state.power == .running && running.state.runningSince == account.clock.now)
            #expect(Change.start.isSatisfied(by: running.state, askedAt: account.clock.now))
            account.clock.advance(seconds: 5)
            try await cloud.apply(.start, to: .web)
            #expect(try await cloud.find(.web)?.state.runningSince == running.state.runningSince)
            try await cloud.apply(.restart, to: .web)
            #expect(try await cloud.find(.web)?.state.runningSince == account.clock.now)
            try await cloud.apply(.stop, to: .web)
            try await cloud.apply(.stop, to: .web)
            let stopped = try #require(try await cloud.find(.web))
            #expect(stopped.state.power == .stopped && stopped.state.exitCode == 0)
            try await cloud.delete(.web)
            try await cloud.delete(.web)
            #expect(try await cloud.find(.web) == nil)
            #expect(await failure { try await cloud.apply(.start, to: .web) } == .absent)
        }
    }

    @Test func `gives addresses from a network's range, each once, and again when it is free`() async throws {
        try await SimulatedAccount.run { account in
            let cloud = account.open()
            _ = try await cloud.create(.network(cidr: "10.8.4.0/29"))
            func make(_ number: Int) async throws -> [String] {
                let subject = Subject(kind: .instance, id: "inst_\(number)")
                return try await cloud.create(.instance(subject, networks: [.net])).state.addresses
            }
            var given: [String] = []
            for number in 1...5 { given += try await make(number) }
            #expect(given == ["10.8.4.2", "10.8.4.3", "10.8.4.4", "10.8.4.5", "10.8.4.6"])
            #expect(await failure { _ = try await make(6) } == .capacity)
            #expect(try await account.count() == 5)
            try await cloud.delete(Subject(kind: .instance, id: "inst_2"))
            #expect(try await make(7) == ["10.8.4.3"])
            let ranges = ["10.8.0.0/31", "10.8.0.0", "2001:db8::/64", "ten"]
            for range in ranges {
                #expect(
                    await failure { _ = try await cloud.create(.network(Subject(kind: .network, id: "net_x"), cidr: range)) } == .rejected)
            }
            let overlapping = Subject(kind: .network, id: "net_o")
            #expect(await failure { _ = try await cloud.create(.network(overlapping, cidr: "10.8.4.0/23")) } == .conflict)
            for (id, cidr) in [("net_y", "10.8.0.0/24"), ("net_z", "10.8.1.0/24")] {
                #expect(try await cloud.create(.network(Subject(kind: .network, id: id), cidr: nil)).state.cidr == cidr)
            }
        }
    }

    @Test func `keeps volumes and networks that are in use`() async throws {
        try await SimulatedAccount.run { account in
            let cloud = account.open()
            let other = Subject(kind: .instance, id: "inst_other")
            _ = try await cloud.create(.volume())
            _ = try await cloud.create(.network())
            let made = try await cloud.create(.instance(networks: [.net], volumes: [Mount(volume: .disk, path: "/data")]))
            #expect(made.state.volumes == ["vol_disk"] && made.state.networks == ["net_one"])
            _ = try await cloud.create(.instance(other))
            #expect(await failure { try await cloud.apply(.attach(Mount(volume: .disk, path: "/d")), to: other) } == .conflict)
            try await cloud.apply(.attach(Mount(volume: .disk, path: "/data")), to: .web)
            #expect(await failure { try await cloud.delete(.disk) } == .conflict)
            #expect(await failure { try await cloud.delete(.net) } == .conflict)
            try await cloud.apply(.detach(volume: .disk), to: .web)
            try await cloud.apply(.detach(volume: .disk), to: .web)
            try await cloud.apply(.leave(network: .net), to: .web)
            try await cloud.apply(.attach(Mount(volume: .disk, path: "/d")), to: other)
            try await cloud.apply(.join(network: .net), to: other)
            #expect(try await cloud.find(other)?.state.networks == ["net_one"])
            #expect(try await cloud.find(.web)?.state.networks == [])
            try await cloud.delete(other)
            try await cloud.delete(.disk)
            try await cloud.delete(.net)
            #expect(await failure { _ = try await cloud.create(.instance(other, networks: [.net])) } == .absent)
            #expect(try await cloud.find(other) == nil)
        }
    }

    @Test func `grows volumes and never shrinks them, and resizes within bounds`() async throws {
        try await SimulatedAccount.run { account in
            let cloud = account.open(["latency_ms": 0, "largest": ["milli_cpus": 4000, "memory_mib": 8192]])
            _ = try await cloud.create(.volume(gib: 10))
            try await cloud.apply(.grow(toGiB: 20), to: .disk)
            #expect(try await cloud.find(.disk)?.state.sizeGiB == 20)
            #expect(await failure { try await cloud.apply(.grow(toGiB: 10), to: .disk) } == .rejected)
            _ = try await cloud.create(.instance())
            try await cloud.apply(.resize(Capacity(milliCPUs: 4000, memoryMiB: 8192)), to: .web)
            #expect(await failure { try await cloud.apply(.resize(Capacity(milliCPUs: 4001, memoryMiB: 1)), to: .web) } == .rejected)
            let large = Subject(kind: .instance, id: "inst_large")
            #expect(await failure { _ = try await cloud.create(.instance(large, memory: 8193)) } == .rejected)
            #expect(try await cloud.find(.web)?.state.capacity == Capacity(milliCPUs: 4000, memoryMiB: 8192))
            #expect(try await cloud.probe().largest == Capacity(milliCPUs: 4000, memoryMiB: 8192))
        }
    }

    @Test func `names what it cannot do`() async throws {
        try await SimulatedAccount.run { account in
            let cloud = account.open(["latency_ms": 0, "capabilities": ["instances", "instance.resize"]])
            #expect(try await cloud.probe().features == [.instances, .resize])
            _ = try await cloud.create(.instance())
            #expect(await failure { _ = try await cloud.create(.volume()) } == .unsupported(.volumes))
            #expect(await failure { _ = try await cloud.create(.network()) } == .unsupported(.networks))
            #expect(await failure { try await cloud.apply(.join(network: .net), to: .web) } == .unsupported(.joinNetwork))
            #expect(await failure { _ = try await cloud.sample(.web) } == .unsupported(.metrics))
            #expect(await failure { _ = try await cloud.logs(.web, LogRequest()) } == .unsupported(.logs))
            try await cloud.apply(.start, to: .web)
            #expect(await failure { try await cloud.apply(.resize(Capacity(milliCPUs: 1, memoryMiB: 1)), to: .web) } == .conflict)
            try await cloud.apply(.stop, to: .web)
            try await cloud.apply(.resize(Capacity(milliCPUs: 1, memoryMiB: 1)), to: .web)
        }
    }

    @Test func `keeps tenants, modes and connections apart, and is cleared by tenant`() async throws {
        try await SimulatedAccount.run { account in
            let test = Tenant(workspace: ID("wsp_1"), mode: .test)
            let elsewhere = Tenant(workspace: ID("wsp_2"), mode: .live)
            let clouds = [
                account.open(), account.open(connection: "con_2"), account.open(tenant: test), account.open(tenant: elsewhere),
            ]
            for cloud in clouds { #expect(try await cloud.create(.instance()).owner == .ours("inst_web")) }
            for cloud in clouds { #expect(try await cloud.list(.instance).count == 1) }
            try await account.store.write { try Simulator.clear(test, $0) }
            #expect(try await clouds[2].find(.web) == nil)
            try await account.store.write { try Simulator.clear(SimulatedAccount.tenant, "con_2", $0) }
            #expect(try await clouds[1].find(.web) == nil)
            #expect(try await clouds[0].find(.web) != nil)
            #expect(try await clouds[3].find(.web) != nil)
        }
    }

    @Test func `shows what is foreign as foreign, and does not list it`() async throws {
        try await SimulatedAccount.run { account in
            let cloud = account.open()
            try await cloud.plantForeign(named: Subject.web.name)
            #expect(try await cloud.find(.web)?.owner == .foreign)
            #expect(await failure { _ = try await cloud.create(.instance()) } == .conflict)
            #expect(await failure { try await cloud.apply(.start, to: .web) } == .conflict)
            #expect(await failure { try await cloud.delete(.web) } == .conflict)
            try await cloud.plantForeign(named: Subject.disk.name, kind: .volume, installation: "inst-b")
            #expect(try await cloud.find(.disk)?.owner == .foreign)
            #expect(try await cloud.list(.instance).isEmpty)
            #expect(try await account.open(installation: "inst-b").find(.disk)?.owner == .ours("vol_disk"))
        }
    }

    @Test func `survives a restart of the server`() async throws {
        try await Place.fresh { place in
            var made: Sighting?
            try await SimulatedAccount.reopen(place) { account in
                let cloud = account.open()
                _ = try await cloud.create(.network())
                made = try await cloud.create(.instance(networks: [.net]))
                try await cloud.apply(.start, to: .web)
            }
            try await SimulatedAccount.reopen(place) { account in
                let found = try await account.open().find(.web)
                #expect(found?.reference == made?.reference && found?.state.addresses == ["10.8.0.2"])
                #expect(found?.state.power == .running && found?.state.networks == ["net_one"])
            }
        }
    }
}

@Suite struct `Settings of a simulator` {
    @Test(
        arguments: [
            (["latency_ms": 60_001], "/settings/latency_ms"), (["latency_ms": "1"], "/settings/latency_ms"),
            (["identification": "guess"], "/settings/identification"),
            (["capabilities": ["instances", "fly"]], "/settings/capabilities/1"),
            (["capabilities": "all"], "/settings/capabilities"), (["largest": ["milli_cpus": 1]], "/settings/largest/memory_mib"),
            (["largest": 4], "/settings/largest"), (["speed": 1], "/settings/speed"), (["a/b~": 1], "/settings/a~1b~0"),
            (["faults": [["step": "create", "kind": "latency"], ["step": "jump", "kind": "latency"]]], "/settings/faults/1/step"),
            (["faults": [["step": "create"]]], "/settings/faults/0/kind"),
            (["faults": [["step": "*", "kind": "crash", "times": -1]]], "/settings/faults/0/times"),
            (["faults": [["step": "*", "kind": "latency", "more": 1]]], "/settings/faults/0/more"), ([1], "/settings"),
        ] as [(JSON, String)])
    func `are refused with a pointer`(settings: JSON, pointer: String) async throws {
        try await SimulatedAccount.run { account in
            #expect(SimulatorDriver(store: account.store).violations(settings: settings, secret: nil).map(\.pointer) == [pointer])
        }
    }

    @Test func `may be missing, and there is no secret`() async throws {
        try await SimulatedAccount.run { account in
            let driver = SimulatorDriver(store: account.store)
            let full: JSON = [
                "latency_ms": 0, "identification": "label", "capabilities": ["instances"],
                "largest": ["milli_cpus": 1000, "memory_mib": 512], "faults": [["step": "*", "kind": "crash", "times": 0, "ms": 5]],
            ]
            #expect(driver.violations(settings: .object([]), secret: nil).isEmpty)
            #expect(driver.violations(settings: full, secret: .null).isEmpty)
            #expect(driver.violations(settings: full, secret: ["key": "x"]).map(\.pointer) == ["/secret"])
        }
    }
}
