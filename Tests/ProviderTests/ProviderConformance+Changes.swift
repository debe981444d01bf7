import Kernel
import Provider
import Testing

extension ProviderConformance {
    static let changes = [
        ProviderConformance("an instance is resized where that can be done, up and down, stopped and, where it can, running") { scene in
            let subject = try await scene.made(scene.instance())
            guard scene.can(.resize) else {
                let error = await scene.failure { () throws(ProviderError) in
                    try await scene.ours.apply(.resize(scene.peer.largerSize), to: subject)
                }
                #expect(error?.kind == .unsupported(.resize))
                return
            }
            for size in [scene.peer.largerSize, scene.peer.size] {
                try await scene.ours.apply(.resize(size), to: subject)
                try await scene.eventually(subject, "has the size") { $0.capacity == size }
            }
            guard scene.can(.liveResize) else { return }
            try await scene.ours.apply(.start, to: subject)
            let before = try await scene.eventually(subject, "runs") { $0.power == .running }
            for size in [scene.peer.largerSize, scene.peer.size] {
                try await scene.ours.apply(.resize(size), to: subject)
                let state = try await scene.eventually(subject, "has the size") { $0.capacity == size }
                #expect(state.runningSince == before.runningSince)
            }
        },
        ProviderConformance("an instance is on the networks it was ordered on") { scene in
            var networks = [try await scene.made(scene.network()), try await scene.made(scene.network())]
            if !scene.can(.joinNetwork) {
                let order = scene.instance(networks: networks)
                let error = await scene.failure { () throws(ProviderError) in _ = try await scene.ours.create(order) }
                #expect(error?.kind == .unsupported(.joinNetwork))
                try await scene.expectNothing(of: order.subject)
                networks.removeLast()
            }
            let subject = try await scene.running(scene.instance(networks: networks))
            let state = try #require(try await scene.ours.find(subject)?.state)
            #expect(state.networks == networks.map(\.id).sorted())
            #expect(state.addresses.count >= networks.count)
        },
        ProviderConformance("an instance joins and leaves networks where that can be done, however often it is asked") { scene in
            guard scene.can(.joinNetwork) else { return }
            let network = try await scene.made(scene.network())
            for order in [scene.instance(), scene.instance()] {
                let isFirst = try await scene.ours.list(.instance).isEmpty
                let subject = isFirst ? try await scene.made(order) : try await scene.running(order)  // once stopped, once running
                for change in [Change.join(network: network), .leave(network: network)] {
                    for _ in 1...2 {
                        try await scene.ours.apply(change, to: subject)
                        try await scene.eventually(subject, "did \(change)") { change.isSatisfied(by: $0, askedAt: Timestamp.first) }
                    }
                }
            }
        },
        ProviderConformance("a network that is not there cannot be joined, nor be ordered on") { scene in
            let missing = scene.network().subject
            let subject = try await scene.made(scene.instance())
            if scene.can(.joinNetwork) {
                let error = await scene.failure { () throws(ProviderError) in
                    try await scene.ours.apply(.join(network: missing), to: subject)
                }
                #expect(error?.kind == .absent)
            }
            let order = scene.instance(networks: [missing])
            let error = await scene.failure { () throws(ProviderError) in _ = try await scene.ours.create(order) }
            #expect(error?.kind == .absent)
            try await scene.expectNothing(of: order.subject)
        },
        ProviderConformance("a volume ordered with an instance is on it, keeps what is written, and is not deleted while in use") { scene in
            let volume = try await scene.made(scene.volume())
            let mount = Mount(volume: volume, path: "/data")
            let writes = [
                "sh", "-c", "cat /data/kept 2>/dev/null; echo kept > /data/kept; trap 'exit 0' TERM; while :; do sleep 0.1; done",
            ]
            let subject = try await scene.running(scene.instance(writes, volumes: [mount]))
            #expect(try await scene.ours.find(subject)?.state.volumes == [volume.id])
            let error = await scene.failure { () throws(ProviderError) in try await scene.ours.delete(volume) }
            #expect(error?.kind == .conflict)
            try await scene.ours.delete(subject)
            #expect(try await scene.ours.find(volume) != nil)
            guard scene.peer.runsCommands, scene.can(.logs) else { return }
            let second = try await scene.running(scene.instance(writes, volumes: [mount]))
            for try await line in try await scene.ours.logs(second, LogRequest(follow: true)) {
                #expect(line.message == "kept")
                break
            }
        },
        ProviderConformance("a volume that is not there is not made by an instance that wants it") { scene in
            let missing = scene.volume().subject
            let order = scene.instance(volumes: [Mount(volume: missing, path: "/data")])
            let error = await scene.failure { () throws(ProviderError) in _ = try await scene.ours.create(order) }
            #expect(error?.kind == .absent)
            try await scene.expectNothing(of: missing)
            try await scene.expectNothing(of: order.subject)
        },
        ProviderConformance("a volume is attached and detached where that can be done") { scene in
            let subject = try await scene.made(scene.instance())
            let volume = try await scene.made(scene.volume())
            for change in [Change.attach(Mount(volume: volume, path: "/data")), .detach(volume: volume)] {
                guard scene.can(.attachVolume) else {
                    let error = await scene.failure { () throws(ProviderError) in try await scene.ours.apply(change, to: subject) }
                    #expect(error?.kind == .unsupported(.attachVolume))
                    continue
                }
                for _ in 1...2 {
                    try await scene.ours.apply(change, to: subject)
                    try await scene.eventually(subject, "did \(change)") { change.isSatisfied(by: $0, askedAt: Timestamp.first) }
                }
            }
        },
        ProviderConformance("a volume grows where that can be done") { scene in
            let volume = try await scene.made(scene.volume())
            guard scene.can(.grow) else {
                let error = await scene.failure { () throws(ProviderError) in try await scene.ours.apply(.grow(toGiB: 5), to: volume) }
                #expect(error?.kind == .unsupported(.grow))
                return
            }
            try await scene.ours.apply(.grow(toGiB: 5), to: volume)
            try await scene.eventually(volume, "has grown") { $0.sizeGiB == 5 }
        },
        ProviderConformance("a network in use is not deleted") { scene in
            let network = try await scene.made(scene.network())
            _ = try await scene.running(scene.instance(networks: [network]))
            let error = await scene.failure { () throws(ProviderError) in try await scene.ours.delete(network) }
            #expect(error?.kind == .conflict)
            #expect(try await scene.ours.find(network) != nil)
        },
    ]
}
