import HTTPTypes
import Kernel
import Provider
import Storage
package import Web

/// `/v1/instances/{id}/metrics` and `/logs`.
package struct MonitoringRoutes: Sendable {
    private let engine: OperationEngine

    package init(engine: OperationEngine) { self.engine = engine }

    package var all: [Route] {
        [
            Route(
                .get, "/v1/instances/{id}/metrics", .scope(.instancesRead), "How busy an instance is",
                details: "What was measured in the window, and how it is at this moment when it runs.",
                query: [
                    .init("window", .choice(of: InstanceMetrics.Window.self, "5m when left out.")),
                    .init("project_id", .string(1...100, .text, "Where to look for a name.")),
                ], answers: [.ok(InstanceMetrics.schema)],
                problems: [.invalidState, .unsupportedByProvider, .providerUnreachable, .purged],
                handler: metrics),
            Route(
                .get, "/v1/instances/{id}/logs", .scope(.instancesRead), "What an instance has written",
                details:
                    "The last lines, oldest first. With `Accept: text/event-stream` each line is an event, and `follow=true` goes on with new ones until the instance stops.",
                query: [
                    .init("tail", .integer(1...5000, "How many of the last lines; 200 when left out.")),
                    .init("since", .timestamp("Only lines written after this moment.")),
                    .init("follow", .choice(["true", "false"], "As an event stream only.")),
                    .init("project_id", .string(1...100, .text, "Where to look for a name.")),
                ], answers: [.ok(Self.logs).orEvents()], problems: [.invalidState, .unsupportedByProvider, .providerUnreachable, .purged],
                handler: logs),
        ]
    }

    private static let line = Schema.object([
        .required("at", .timestamp()), .required("stream", .choice(of: LogLine.Stream.self)),
        .required("message", .string(0...1_000_000, .echo)),
    ])
    private static let logs = Schema.named(
        "InstanceLogs",
        .object([.required("instance_id", .id("inst")), .required("data", .array(line, 0...5000)), .required("request_id", .id("req"))]))

    // MARK: Metrics

    private func metrics(_ call: Call) async throws -> Answer {
        let instance = try await instance(call)
        let window = call.query["window"].flatMap(InstanceMetrics.Window.init) ?? .fiveMinutes
        let from = call.at.adding(seconds: -window.seconds)
        var samples = try await call.read { try InstanceSamples.read(instance.id, in: instance.tenant, from: from, to: call.at, $0) }
        if instance.power == .running {
            let (provider, _) = try await asked(instance, .metrics)
            let now = try await translating { () async throws(ProviderError) in try await provider.sample(instance.subject) }
            samples.append(now)
        }
        return .json(
            .ok, InstanceMetrics(instance: instance.id, window: window, from: from, to: call.at, samples: samples), capacity: 8192)
    }

    // MARK: Logs

    private func logs(_ call: Call) async throws -> Answer {
        let follows = call.query["follow"] == "true"
        guard !follows || call.wantsEvents else {
            throw Problem.invalid(parameter: "follow", "Following needs the header Accept: text/event-stream.")
        }
        let instance = try await instance(call)
        let (provider, _) = try await asked(instance, .logs)
        let request = LogRequest(
            tail: call.query.integer("tail") ?? 200, since: call.query["since"].flatMap { Timestamp($0) }, follow: follows)
        let lines = try await translating { () async throws(ProviderError) in try await provider.logs(instance.subject, request) }
        if call.wantsEvents {
            return .events { stream in
                for try await line in lines { try await stream.send(LogLineView(line: line), event: "log") }
            }
        }
        return try await answer(lines, of: instance, call)
    }

    /// Lines of one answer are held in memory: so many bytes of the last at most.
    private static let limit = 4 << 20

    private func answer(_ lines: AsyncThrowingStream<LogLine, any Error>, of instance: Resource, _ call: Call) async throws -> Answer {
        var kept: [LogLine] = []
        var size = 0
        do {
            for try await line in lines {
                kept.append(line)
                size += line.message.utf8.count
                while size > Self.limit, kept.count > 1 { size -= kept.removeFirst().message.utf8.count }
            }
        } catch let error as ProviderError {
            throw Problem(error)
        }
        var json = JSONWriter(capacity: size + 128 * kept.count + 256)
        json.object { json in
            json.field("instance_id", instance.id)
            json.array("data", kept.suffix(5000)) { json, line in LogLineView(line: line).write(to: &json) }
            json.field("request_id", call.requestID)
        }
        return Answer(status: .ok, headers: .json, body: json.bytes)
    }

    // MARK: Parts

    /// Throws `invalid_state` for one that is not there to be asked.
    private func instance(_ call: Call) async throws -> Resource {
        let instance = try await call.read { connection in
            try Resource.find(
                call.parameter("id"), .instance, project: call.query["project_id"].map { ProjectID($0) }, for: call.caller, connection)
        }
        guard !instance.isGone, instance.reference != nil else {
            throw Problem(
                .invalidState, "The instance \(instance.name) is \(instance.phase.rawValue); the provider has nothing of it to show.",
                members: ["phase": .string(instance.phase.rawValue)])
        }
        return instance
    }

    private func asked(_ instance: Resource, _ feature: Capabilities.Feature) async throws -> (any Provider, ProviderConnection) {
        let account = try await engine.store.read { try ProviderConnection.find(instance.connection, in: instance.tenant, $0) }
        try account.require(feature)
        return (try engine.pool.provider(for: account, installation: engine.identity.installation), account)
    }

    private func translating<Result: Sendable>(_ body: () async throws(ProviderError) -> Result) async throws -> Result {
        do throws(ProviderError) {
            return try await body()
        } catch {
            throw Problem(error)
        }
    }
}

private struct LogLineView: JSONRepresentable {
    let line: LogLine

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("at", line.at)
            json.field("stream", line.stream.rawValue)
            json.field("message", line.message)
        }
    }
}

extension Problem {
    /// For a call that needs the provider's answer now.
    init(_ error: ProviderError) {
        switch error.kind {
        case .absent: self.init(.invalidState, "The provider does not have it: \(error.detail)")
        case .unsupported(let feature):
            self.init(
                .unsupportedByProvider, "The provider cannot do \(feature.rawValue).", members: ["capability": .string(feature.rawValue)])
        case .conflict, .rejected: self.init(.invalidState, error.detail)
        default: self.init(.providerUnreachable, "The provider gave no answer: \(error.detail)", retryAfter: 5)
        }
    }
}
