import Kernel
import Provider

extension DockerProvider {
    /// dockerd waits a second for two readings; podman gives one, so the second is asked for a second later.
    func sample(_ subject: Subject) async throws(ProviderError) -> Sample {
        let container = try await ownContainer(subject)
        guard container.status == "running" else { throw ProviderError(.conflict, "The instance does not run.") }
        let first = try await reading(container)
        if let previous = first.reading.previous { return first.reading.sample(at: first.time, since: previous) }
        do {
            try await surroundings.sleep(.seconds(1))
        } catch {
            throw ProviderError(.ambiguous, "The request was given up.")
        }
        let second = try await reading(container)
        return second.reading.sample(at: second.time, since: (first.time, first.reading.cpuStats.nanoseconds))
    }

    private func reading(_ container: Container) async throws(ProviderError) -> (reading: ContainerReading, time: Timestamp) {
        let bytes = try await api.bytes(.get("containers", container.id, "stats", query: [("stream", "false")]))
        guard let reading = try? ContainerReading(bytes), let time = reading.time, !reading.read.hasPrefix("0001") else {
            throw ProviderError(.conflict, "The instance does not run.")
        }
        return (reading, time)
    }

    func logs(_ subject: Subject, _ request: LogRequest) async throws(ProviderError) -> AsyncThrowingStream<LogLine, any Error> {
        let container = try await ownContainer(subject)
        var query = [("stdout", "true"), ("stderr", "true"), ("timestamps", "true"), ("follow", request.follow ? "true" : "false")]
        query.append(("tail", request.tail.map { String(max($0, 0)) } ?? "all"))
        if let since = request.since { query.append(("since", Self.unixTime(since))) }
        let stream = try await api.stream(.get("containers", container.id, "logs", query: query))
        let reader = LogReader(stream, after: request.since, silence: request.follow ? nil : .seconds(60), sleep: surroundings.sleep)
        return AsyncThrowingStream { try await reader.next() }
    }

    /// Seconds with a fraction of three digits.
    private static func unixTime(_ time: Timestamp) -> String {
        let fraction = String(time.milliseconds - time.seconds * 1000)
        return "\(time.seconds).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
    }
}
