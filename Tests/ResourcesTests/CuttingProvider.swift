import Kernel
import Provider
import Synchronization

/// A provider behind a process that dies at a chosen call: before the call leaves, or after it has had its effect and before the answer
/// is seen. Whoever waits for that answer waits for ever, as nobody does after `kill -9`.
final class CuttingDriver: ProviderDriver {
    enum Moment: String, Sendable, CaseIterable {
        case before
        case after
    }

    let name: String
    private let inner: any ProviderDriver
    private let cut: Cut

    init(_ inner: any ProviderDriver, cut: Cut) {
        self.inner = inner
        self.name = inner.name
        self.cut = cut
    }

    func violations(settings: JSON, secret: JSON?) -> [Problem.Violation] { inner.violations(settings: settings, secret: secret) }

    func open(_ account: ProviderAccount) throws -> any Provider { CuttingProvider(inner: try inner.open(account), cut: cut) }

    /// Counts the calls of one process and says at which it dies.
    final class Cut: Sendable {
        private let call: Int
        private let moment: Moment
        private let state = Mutex((calls: 0, isDead: false))

        init(at call: Int, _ moment: Moment) {
            self.call = call
            self.moment = moment
        }

        var isDead: Bool { state.withLock { $0.isDead } }
        var calls: Int { state.withLock { $0.calls } }

        fileprivate func run<Result: Sendable>(_ work: () async throws(ProviderError) -> Result) async throws(ProviderError) -> Result {
            let number = state.withLock { state in
                state.calls += 1
                return state.calls
            }
            if number == call, moment == .before { await die() }
            let result = try await work()
            if number == call { await die() }
            return result
        }

        private func die() async {
            state.withLock { $0.isDead = true }
            while !Task.isCancelled { await Task.yield() }
        }
    }
}

private struct CuttingProvider: Provider {
    let inner: any Provider
    let cut: CuttingDriver.Cut

    func probe() async throws(ProviderError) -> Capabilities { try await inner.probe() }
    func create(_ order: Order) async throws(ProviderError) -> Sighting {
        try await cut.run { () async throws(ProviderError) in try await inner.create(order) }
    }
    func find(_ subject: Subject) async throws(ProviderError) -> Sighting? {
        try await cut.run { () async throws(ProviderError) in try await inner.find(subject) }
    }
    func apply(_ change: Change, to subject: Subject) async throws(ProviderError) {
        try await cut.run { () async throws(ProviderError) in try await inner.apply(change, to: subject) }
    }
    func delete(_ subject: Subject) async throws(ProviderError) {
        try await cut.run { () async throws(ProviderError) in try await inner.delete(subject) }
    }
    func list(_ kind: ResourceKind) async throws(ProviderError) -> [Sighting] { try await inner.list(kind) }
    func sample(_ subject: Subject) async throws(ProviderError) -> Sample { try await inner.sample(subject) }
    func logs(_ subject: Subject, _ request: LogRequest) async throws(ProviderError) -> AsyncThrowingStream<LogLine, any Error> {
        try await inner.logs(subject, request)
    }
}
