import Kernel
import Provider
import Server
import Simulator
import Synchronization
import TestKit

/// Counts the calls that reach a provider, by name.
final class CallCount: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    subscript(call: String) -> Int { counts.withLock { $0[call] ?? 0 } }
    func count(_ call: String) { counts.withLock { $0[call, default: 0] += 1 } }
    func reset() { counts.withLock { $0 = [:] } }
}

extension Cloud {
    /// A cloud whose calls are counted.
    static func counted(
        publishedReads: Int? = nil, _ body: @escaping @Sendable (Installation, Cloud, CallCount) async throws -> Void
    ) async throws {
        try await Place.fresh { place in
            let home = try await Installation.prepare(place)
            let calls = CallCount()
            try await Installation.open(
                in: place, home: home, drivers: { [CountingDriver(SimulatorDriver(store: $0), calls, publishedReads: publishedReads)] }
            ) { installation in
                try await body(installation, try await Cloud.connect(installation), calls)
            }
        }
    }
}

struct CountingDriver: ProviderDriver {
    let inner: any ProviderDriver
    let calls: CallCount
    /// What the cloud publishes as its limit a minute.
    let publishedReads: Int?

    init(_ inner: any ProviderDriver, _ calls: CallCount, publishedReads: Int? = nil) {
        (self.inner, self.calls, self.publishedReads) = (inner, calls, publishedReads)
    }

    var name: String { inner.name }
    func violations(settings: JSON, secret: JSON?) -> [Problem.Violation] { inner.violations(settings: settings, secret: secret) }
    func open(_ account: ProviderAccount) throws -> any Provider {
        // The sandbox has a cloud of its own.
        guard account.tenant.mode == .live else { return try inner.open(account) }
        return CountingProvider(inner: try inner.open(account), calls: calls, publishedReads: publishedReads)
    }
}

struct CountingProvider: Provider {
    let inner: any Provider
    let calls: CallCount
    let publishedReads: Int?

    func probe() async throws(ProviderError) -> Capabilities {
        calls.count("probe")
        return try await inner.probe()
    }
    func identity() async throws(ProviderError) -> String? { try await inner.identity() }
    func create(_ order: Order) async throws(ProviderError) -> Sighting {
        calls.count("create")
        return try await inner.create(order)
    }
    func find(_ subject: Subject) async throws(ProviderError) -> Sighting? {
        calls.count("find")
        return try await inner.find(subject)
    }
    func apply(_ change: Change, to subject: Subject) async throws(ProviderError) {
        calls.count("apply")
        try await inner.apply(change, to: subject)
    }
    func delete(_ subject: Subject) async throws(ProviderError) {
        calls.count("delete")
        try await inner.delete(subject)
    }
    func list(_ kind: ResourceKind) async throws(ProviderError) -> [Sighting] {
        calls.count("list")
        calls.count("list " + kind.rawValue)
        return try await inner.list(kind)
    }
    func strangers(_ kind: ResourceKind) async throws(ProviderError) -> [Stranger] {
        calls.count("strangers")
        return try await inner.strangers(kind)
    }
    func mark(_ subject: Subject) async throws(ProviderError) -> Bool {
        calls.count("mark")
        return try await inner.mark(subject)
    }
    func unmark(_ subject: Subject) async throws(ProviderError) {
        calls.count("unmark")
        try await inner.unmark(subject)
    }
    func sample(_ subject: Subject) async throws(ProviderError) -> Sample { try await inner.sample(subject) }
    func logs(_ subject: Subject, _ request: LogRequest) async throws(ProviderError) -> AsyncThrowingStream<LogLine, any Error> {
        try await inner.logs(subject, request)
    }
}
