import Kernel
import Provider
import Simulator
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A simulated instance` {
    private static func running(_ body: (SimulatedAccount, Simulator) async throws -> Void) async throws {
        try await SimulatedAccount.run { account in
            let cloud = account.open()
            _ = try await cloud.create(.instance(cpus: 2000, memory: 2048))
            try await cloud.apply(.start, to: .web)
            try await body(account, cloud)
        }
    }

    @Test func `is as busy at a moment however often it is asked, also after a restart`() async throws {
        try await Place.fresh { place in
            var samples: [Sample] = []
            try await SimulatedAccount.reopen(place) { account in
                _ = try await account.open().create(.instance())
                try await account.open().apply(.start, to: .web)
                account.clock.advance(seconds: 61)
                samples = [try await account.open().sample(.web), try await account.open().sample(.web)]
            }
            try await SimulatedAccount.reopen(place) { account in samples.append(try await account.open().sample(.web)) }
            #expect(samples[0] == samples[1] && samples[0] == samples[2])
            #expect(samples[0].networkSentBytes > 0)
        }
    }

    @Test func `stays within what it has, and its counters never fall but by a restart`() async throws {
        try await Self.running { account, cloud in
            var last: Sample?
            var processors: [Double] = []
            for _ in 0..<300 {
                account.clock.advance(seconds: 293)
                let sample = try await cloud.sample(.web)
                #expect((0...200).contains(sample.cpuPercent) && sample.memoryLimitBytes == 2048 << 20)
                #expect((0.3...0.7).contains(Double(sample.memoryBytes) / Double(sample.memoryLimitBytes)))
                if let last {
                    #expect(sample.networkReceivedBytes > last.networkReceivedBytes && sample.networkSentBytes > last.networkSentBytes)
                    #expect(sample.diskReadBytes > last.diskReadBytes && sample.diskWrittenBytes > last.diskWrittenBytes)
                }
                last = sample
                processors.append(sample.cpuPercent)
            }
            #expect((processors.max() ?? 0) - (processors.min() ?? 0) > 60)
            try await cloud.apply(.restart, to: .web)
            #expect(try await cloud.sample(.web).networkSentBytes == 0)
        }
    }

    @Test func `writes its boot and then a line a minute`() async throws {
        try await Self.running { account, cloud in
            func lines(_ request: LogRequest) async throws -> [LogLine] {
                var lines: [LogLine] = []
                for try await line in try await cloud.logs(.web, request) { lines.append(line) }
                return lines
            }
            let start = account.clock.now
            account.clock.advance(seconds: 181)
            let all = try await lines(LogRequest())
            #expect(all.count == 7 && all[0] == LogLine(at: start, stream: .stdout, message: "booting debian-12"))
            #expect(all.map(\.at) == all.map(\.at).sorted())
            #expect(all[6].at == start.adding(seconds: 180) && all[6].message.hasPrefix("minute 3: healthy"))
            #expect(try await lines(LogRequest()) == all)
            #expect(try await lines(LogRequest(tail: 2)) == Array(all.suffix(2)))
            #expect(try await lines(LogRequest(tail: 0)).isEmpty)
            #expect(try await lines(LogRequest(since: start.adding(seconds: 60))) == Array(all.suffix(2)))
            #expect(try await lines(LogRequest(tail: 1, since: start)) == Array(all.suffix(1)))
            account.clock.advance(seconds: 30)
            try await cloud.apply(.stop, to: .web)
            account.clock.advance(seconds: 600)
            #expect(try await lines(LogRequest()) == all)
            #expect(try await lines(LogRequest(follow: true)) == all)
        }
    }

    @Test func `can be followed until it stops`() async throws {
        try await Self.running { account, cloud in
            let stream = try await cloud.logs(.web, LogRequest(tail: 0, follow: true))
            let reading = Task {
                var count = 0
                for try await _ in stream { count += 1 }
                return count
            }
            // Three more lines of the boot, and those of two minutes.
            for _ in 0..<30 {
                try await account.sleeping()
                account.clock.advance(seconds: 5)
            }
            try await account.sleeping()
            try await cloud.apply(.stop, to: .web)
            account.clock.advance(seconds: 5)
            #expect(try await reading.value == 5)
        }
    }

    @Test func `is not waited for when the reader goes`() async throws {
        try await Self.running { account, cloud in
            let stream = try await cloud.logs(.web, LogRequest(follow: true))
            let reading = Task { for try await _ in stream {} }
            try await account.sleeping()
            reading.cancel()
            _ = await reading.result
            #expect(account.clock.sleepers == 0)
        }
    }
}
