import Kernel
import Provider

extension LibvirtProvider {
    /// Two readings a second apart: libvirt counts nanoseconds and knows no share.
    func sample(_ subject: Subject) async throws(ProviderError) -> Sample {
        let first = try await reading(subject)
        do {
            try await surroundings.sleep(.seconds(1))
        } catch {
            throw ProviderError(.ambiguous, "The request was given up.")
        }
        let second = try await reading(subject)
        return second.sample(since: first)
    }

    func logs(_ subject: Subject, _ request: LogRequest) async throws(ProviderError) -> AsyncThrowingStream<LogLine, any Error> {
        throw .unsupported(.logs, "libvirt keeps nothing of what a machine writes.")
    }

    private func reading(_ subject: Subject) async throws(ProviderError) -> MachineReading {
        let now = surroundings.now
        return try await at(subject.id) { host throws(ProviderError) in
            let (machine, _) = try host.ownMachine(subject)
            guard machine.isActive else { throw ProviderError(.conflict, "The instance does not run.") }
            return MachineReading(at: now(), numbers: try machine.numbers())
        }
    }
}

/// What `virsh domstats` shows at one moment.
struct MachineReading: Sendable {
    let at: Timestamp
    let numbers: [String: UInt64]

    func sample(since previous: MachineReading) -> Sample {
        let passed = Double(at.milliseconds - previous.at.milliseconds) * 1_000_000
        let (now, before) = (numbers["cpu.time"] ?? 0, previous.numbers["cpu.time"] ?? 0)
        let used = Double(now >= before ? now - before : now)  // started anew in between
        let limit = numbers["balloon.maximum"] ?? 0
        return Sample(
            at: at, cpuPercent: passed > 0 ? used / passed * 100 : 0, memoryBytes: Int(clamping: memory(limit) << 10),
            memoryLimitBytes: Int(clamping: limit << 10), networkReceivedBytes: sum("net.", ".rx.bytes"),
            networkSentBytes: sum("net.", ".tx.bytes"), diskReadBytes: sum("block.", ".rd.bytes"),
            diskWrittenBytes: sum("block.", ".wr.bytes"))
    }

    /// In KiB: what the machine itself says that it uses, else what the process has of the host's memory. That holds more than the machine's,
    /// and no more than all of the machine's is meant here.
    private func memory(_ limit: UInt64) -> UInt64 {
        if let available = numbers["balloon.available"], let unused = numbers["balloon.unused"], available >= unused {
            return available - unused
        }
        return min(numbers["balloon.rss"] ?? 0, limit)
    }

    private func sum(_ group: String, _ ending: String) -> Int {
        Int(clamping: numbers.filter { $0.key.hasPrefix(group) && $0.key.hasSuffix(ending) }.values.reduce(0 as UInt64) { $0 &+ $1 })
    }
}
