import Kernel
import Provider
import Testing

extension ProviderConformance {
    static let running = [
        ProviderConformance("an instance starts and stops, however often it is asked") { scene in
            let subject = try await scene.made(scene.instance())
            for _ in 1...2 {
                try await scene.ours.apply(.start, to: subject)
                let state = try await scene.eventually(subject, "runs") { $0.power == .running }
                #expect(state.runningSince != nil)
                #expect(!state.addresses.isEmpty)
            }
            for _ in 1...2 {
                try await scene.ours.apply(.stop, to: subject)
                try await scene.eventually(subject, "is stopped") { Change.stop.isSatisfied(by: $0, askedAt: Timestamp.first) }
            }
            try await scene.ours.apply(.start, to: subject)
            try await scene.eventually(subject, "runs again") { $0.power == .running }
        },
        ProviderConformance("a restart shows in when the instance began to run") { scene in
            let subject = try await scene.running(scene.instance())
            let before = try #require(try await scene.ours.find(subject)?.state.runningSince)
            try await scene.peer.pause()
            let asked = scene.peer.surroundings.now()
            #expect(before < asked)
            try await scene.ours.apply(.restart, to: subject)
            let state = try await scene.eventually(subject, "has restarted") { Change.restart.isSatisfied(by: $0, askedAt: asked) }
            #expect(state.power == .running)
        },
        ProviderConformance("a running instance can be deleted") { scene in
            let subject = try await scene.running(scene.instance())
            try await scene.ours.delete(subject)
            try await scene.expectNothing(of: subject)
        },
        ProviderConformance("an instance that ends by itself is stopped, and with an error crashed") { scene in
            guard scene.peer.runsCommands else { return }
            for (code, power) in [(0, Power.stopped), (3, .crashed)] {
                let subject = try await scene.made(scene.instance(["sh", "-c", "exit \(code)"]))
                try await scene.ours.apply(.start, to: subject)
                let state = try await scene.eventually(subject, "ends") { $0.exitCode == code }
                #expect(state.power == power)
            }
        },
        ProviderConformance("a command that is not there is refused when it starts") { scene in
            guard scene.peer.runsCommands else { return }
            let subject = try await scene.made(scene.instance(["no-such-command"]))
            let error = await scene.failure { () throws(ProviderError) in try await scene.ours.apply(.start, to: subject) }
            #expect(error?.kind == .rejected)
            #expect(error?.detail.contains("no-such-command") == true)
        },
    ]
}
