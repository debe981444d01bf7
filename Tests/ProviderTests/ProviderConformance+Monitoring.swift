import Kernel
import Provider
import Testing

extension ProviderConformance {
    static let monitoring = [
        ProviderConformance("how busy an instance is can be measured while it runs") { scene in
            guard scene.can(.metrics) else { return }
            let busy = ["sh", "-c", "trap 'exit 0' TERM; while :; do :; done"]
            let subject = try await scene.running(scene.instance(busy))
            let sample = try await scene.ours.sample(subject)
            #expect(sample.memoryBytes > 0)
            #expect(sample.memoryLimitBytes == scene.peer.size.memoryMiB << 20)
            #expect(sample.cpuPercent >= 0)
            if scene.peer.runsCommands { #expect((20...80).contains(sample.cpuPercent)) }  // half a processor is all it may use
            try await scene.ours.apply(.stop, to: subject)
            try await scene.eventually(subject, "is stopped") { $0.power != .running }
            let error = await scene.failure { () throws(ProviderError) in _ = try await scene.ours.sample(subject) }
            #expect(error?.kind == .conflict)
        },
        ProviderConformance("what an instance writes is kept, in order and by stream, also after it has ended") { scene in
            guard scene.can(.logs), scene.peer.runsCommands else { return }
            let writes = ["sh", "-c", "for i in 1 2 3; do echo \"$WORD $i\"; echo bad $i >&2; done; printf 'no end'"]
            let begun = scene.peer.surroundings.now()
            let subject = try await scene.made(scene.instance(writes, environment: ["WORD": "good\tmorning=1"]))
            try await scene.ours.apply(.start, to: subject)
            try await scene.eventually(subject, "ends") { $0.exitCode == 0 }
            let lines = try await scene.log(subject, LogRequest())
            let good = ["good\tmorning=1 1", "good\tmorning=1 2", "good\tmorning=1 3", "no end"]
            #expect(lines.filter { $0.stream == .stdout }.map(\.message) == good)
            #expect(lines.filter { $0.stream == .stderr }.map(\.message) == ["bad 1", "bad 2", "bad 3"])
            #expect(lines.allSatisfy { $0.at >= begun.floored(toSeconds: 1) && $0.at <= scene.peer.surroundings.now() })
            #expect(try await scene.log(subject, LogRequest(tail: 2)).count == 2)
            let later = scene.peer.surroundings.now().adding(seconds: 1)
            #expect(try await scene.log(subject, LogRequest(since: later)).isEmpty)
        },
        ProviderConformance("a very long line is one line") { scene in
            guard scene.can(.logs), scene.peer.runsCommands else { return }
            let writes = ["sh", "-c", "yes abcdefghi | head -n 5000 | while read l; do printf $l; done; echo; echo short"]
            let subject = try await scene.made(scene.instance(writes))
            try await scene.ours.apply(.start, to: subject)
            try await scene.eventually(subject, "ends") { $0.exitCode == 0 }
            let lines = try await scene.log(subject, LogRequest())
            #expect(lines.map(\.message.count) == [45_000, 5])
            #expect(lines.first?.message == String(repeating: "abcdefghi", count: 5000))
        },
        ProviderConformance("a log that is followed goes on until the instance ends") { scene in
            guard scene.can(.logs), scene.peer.runsCommands else { return }
            let writes = ["sh", "-c", "for i in 1 2 3 4 5; do echo line $i; sleep 0.1; done"]
            let subject = try await scene.running(scene.instance(writes))
            let lines = try await scene.log(subject, LogRequest(follow: true))
            #expect(lines.map(\.message) == (1...5).map { "line \($0)" })
        },
        ProviderConformance("a log that is followed can be left at any moment") { scene in
            guard scene.can(.logs), scene.peer.runsCommands else { return }
            let subject = try await scene.running(scene.instance(["sh", "-c", "while :; do echo tick; sleep 0.05; done"]))
            var count = 0
            for try await line in try await scene.ours.logs(subject, LogRequest(follow: true)) {
                #expect(line.message == "tick")
                count += 1
                if count == 3 { break }
            }
            let log = try await scene.ours.logs(subject, LogRequest(follow: true))
            let reading = Task { for try await _ in log {} }
            reading.cancel()
            _ = await reading.result
        },
    ]
}

extension Scene {
    func log(_ subject: Subject, _ request: LogRequest) async throws -> [LogLine] {
        var lines: [LogLine] = []
        for try await line in try await ours.logs(subject, request) { lines.append(line) }
        return lines
    }
}
