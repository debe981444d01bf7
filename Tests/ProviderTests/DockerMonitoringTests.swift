import Kernel
import Provider
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A container's log` {
    /// A frame as dockerd writes it.
    static func frame(_ stream: UInt8, _ text: String) -> [UInt8] {
        let count = text.utf8.count
        return [stream, 0, 0, 0] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + Array(text.utf8)
    }

    static let written =
        frame(1, "2026-01-02T03:04:05.123456789Z one\n") + frame(2, "2026-01-02T03:04:06Z bad\n")
        + frame(1, "2026-01-02T03:04:07.5Z long ") + frame(2, "2026-01-02T03:04:08Z between\n")
        + frame(1, "2026-01-02T03:04:09.6+02:00 and\n") + frame(1, "2026-01-02T03:04:10Z \n")
        + frame(1, "2026-01-02T03:04:11Z a\n2026-01-02T03:04:12Z b\n") + frame(1, "") + frame(1, "2026-01-02T03:04:13Z no end")

    static let lines = [
        "03:04:05.123 stdout one", "03:04:06 stderr bad", "03:04:08 stderr between", "03:04:07.500 stdout long and", "03:04:10 stdout ",
        "03:04:11 stdout a", "03:04:12 stdout b", "03:04:13 stdout no end",
    ]

    @Test(arguments: [1, 2, 3, 7, 8, 9, 64, 100_000])
    func `is the same however its bytes are cut`(length: Int) async throws {
        let pieces = stride(from: 0, to: Self.written.count, by: length).map {
            Array(Self.written[$0..<min($0 + length, Self.written.count)])
        }
        try await Self.reading(pieces, LogRequest()) { lines, _ in
            #expect(lines.map { "\($0.at.description.dropFirst(11).dropLast()) \($0.stream) \($0.message)" } == Self.lines)
        }
    }

    @Test func `is asked for as it was wanted`() async throws {
        let since = try #require(Timestamp("2026-01-02T03:04:06.050Z"))
        try await Self.reading([Self.written], LogRequest(tail: 7, since: since, follow: true)) { lines, query in
            #expect(lines.first?.message == "between")  // what the daemon gave too much is left out
            #expect(
                query == [
                    "stdout": "true", "stderr": "true", "timestamps": "true", "follow": "true", "tail": "7", "since": "1767323046.050",
                ])
        }
    }

    @Test func `that is no frames is not guessed at`() async throws {
        await #expect(throws: (any Error).self) {
            try await Self.reading([Array("2026-01-02T03:04:05Z plain text\n".utf8)], LogRequest()) { _, _ in }
        }
    }

    @Test func `that breaks off says so`() async throws {
        try await ScriptedPeer.Script({ request in
            request.path.hasSuffix("/json")
                ? .json(200, Shown.container())
                : .raw(Array("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n".utf8) + Self.frame(1, "2026-01-02T03:04:05Z one\n"))
        }).run { peer in
            var seen: [String] = []
            let error = await #expect(throws: ProviderError.self) {
                for try await line in try await peer.provider.logs(Shown.order.subject, LogRequest()) { seen.append(line.message) }
            }
            #expect(error?.kind == .ambiguous)
            #expect(seen == ["one"])
        }
    }

    private static func reading(_ pieces: [[UInt8]], _ request: LogRequest, _ check: ([LogLine], [String: String]) -> Void) async throws {
        try await ScriptedPeer.Script({ asked in
            asked.path.hasSuffix("/json")
                ? .json(200, Shown.container()) : .stream(pieces)
        }).run { peer in
            var lines: [LogLine] = []
            for try await line in try await peer.provider.logs(Shown.order.subject, request) { lines.append(line) }
            check(lines, try #require(peer.requests.last?.query))
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `How busy a container is` {
    private static func reading(at time: String, used: Int, before: (String, Int)) -> JSON {
        [
            "read": .string(time), "preread": .string(before.0), "cpu_stats": ["cpu_usage": ["total_usage": JSON(used)]],
            "precpu_stats": ["cpu_usage": ["total_usage": JSON(before.1)]],
            "memory_stats": ["usage": 5000, "limit": 67_108_864, "stats": ["total_inactive_file": 1000]],
            "networks": ["eth0": ["rx_bytes": 1, "tx_bytes": 2], "eth1": ["rx_bytes": 10, "tx_bytes": 20]],
            "blkio_stats": [
                "io_service_bytes_recursive": [["op": "Read", "value": 3], ["op": "write", "value": 4], ["op": "Total", "value": 7]]
            ],
        ]
    }

    @Test func `is told by the two readings dockerd waits for`() async throws {
        let reading = Self.reading(
            at: "2026-01-02T03:04:06.500000000Z", used: 4_000_000_000, before: ("2026-01-02T03:04:05.500000000Z", 2_500_000_000))
        try await Self.sampling([reading]) { sample, naps in
            #expect(sample == Self.sample(at: "2026-01-02T03:04:06.5Z", percent: 150))
            #expect(!naps.contains(.seconds(1)))
        }
    }

    @Test func `is told by two readings a second apart where the daemon gives one`() async throws {
        let never = ("0001-01-01T00:00:00Z", 0)
        let first = Self.reading(at: "2026-01-02T03:04:05.000Z", used: 1_000_000_000, before: never)
        let second = Self.reading(at: "2026-01-02T03:04:07.000Z", used: 1_500_000_000, before: never)
        try await Self.sampling([first, second]) { sample, naps in
            #expect(sample == Self.sample(at: "2026-01-02T03:04:07Z", percent: 25))
            #expect(naps.contains(.seconds(1)))
        }
    }

    @Test func `is told though some of it has no limit`() async throws {
        let text =
            #"{"read":"2026-01-02T03:04:06Z","preread":"2026-01-02T03:04:05Z","pids_stats":{"limit":18446744073709551615},"#
            + #""cpu_stats":{"cpu_usage":{"total_usage":1}},"precpu_stats":{"cpu_usage":{"total_usage":1}},"#
            + #""memory_stats":{"usage":7,"limit":18446744073709551615},"networks":null,"blkio_stats":{"io_service_bytes_recursive":null}}"#
        try await ScriptedPeer.Script({ $0.path.hasSuffix("/json") ? .json(200, Shown.container()) : .text(200, text) }).run { peer in
            let sample = try await peer.provider.sample(Shown.order.subject)
            #expect(sample.memoryLimitBytes == .max)
            #expect(sample.memoryBytes == 7)
        }
    }

    @Test(arguments: ["", #"{"read":"0001-01-01T00:00:00Z","cpu_stats":{}}"#])
    func `is not told when it does not run`(answer: String) async throws {
        try await ScriptedPeer.Script({ $0.path.hasSuffix("/json") ? .json(200, Shown.container()) : .text(200, answer) }).run { peer in
            let error = await peer.provider.failure { provider throws(ProviderError) in _ = try await provider.sample(Shown.order.subject) }
            #expect(error?.kind == .conflict)
        }
    }

    private static func sample(at time: String, percent: Double) -> Sample? {
        Timestamp(time).map {
            Sample(
                at: $0, cpuPercent: percent, memoryBytes: 4000, memoryLimitBytes: 67_108_864, networkReceivedBytes: 11,
                networkSentBytes: 22,
                diskReadBytes: 3, diskWrittenBytes: 4)
        }
    }

    /// Sleeps of a second end at once; longer ones are time-outs, and last.
    private static func sampling(_ readings: [JSON], _ check: (Sample, [Duration]) -> Void) async throws {
        let left = Mutex(readings)
        let naps = Mutex<[Duration]>([])
        let sleep: @Sendable (Duration) async throws -> Void = { duration in
            naps.withLock { $0.append(duration) }
            if duration > .seconds(1) { try await Task.sleep(for: duration) }
        }
        try await ScriptedPeer.Script(
            sleep: sleep,
            { request in
                request.path.hasSuffix("/json") ? .json(200, Shown.container()) : .json(200, left.withLock { $0.removeFirst() })
            }
        ).run { peer in
            check(try await peer.provider.sample(Shown.order.subject), naps.withLock { $0 })
        }
    }
}
