import Kernel
import Outgoing
import Provider
import Synchronization

/// A connection to the daemon and the thread its calls wait on.
///
/// The library's objects are pointers that must not be used by two threads at once; they are made here, handed to work that runs here, and
/// never leave.
actor Lane {
    private let queue = OwnQueue("libvirt")
    private let egress: Egress
    private let socket: String
    private var hypervisor: Hypervisor?

    nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    init(egress: Egress, socket: String) {
        self.egress = egress
        self.socket = socket
    }

    func run<Answer: Sendable>(_ work: @Sendable (Hypervisor) throws(ProviderError) -> Answer) throws(ProviderError) -> Answer {
        let hypervisor = try opened()
        do throws(ProviderError) {
            return try work(hypervisor)
        } catch {
            guard !hypervisor.isAlive else { throw error }
            self.hypervisor = nil
            throw ProviderError(.ambiguous, error.detail)
        }
    }

    /// The connection of before when somebody still answers there.
    private func opened() throws(ProviderError) -> Hypervisor {
        if let hypervisor, hypervisor.isAlive, hypervisor.answers { return hypervisor }
        hypervisor = nil
        let path: String
        do {
            path = try egress.socket(at: socket)
        } catch {
            throw ProviderError(error)
        }
        let opened = try Hypervisor(socket: path)
        hypervisor = opened
        return opened
    }
}

/// A few connections, so that a machine that is slow to start holds up few others. What is done to one object is done on one of them, in the
/// order it was asked for.
struct Lanes: Sendable {
    private let lanes: [Lane]
    private let open: @Sendable () -> Lane

    init(egress: Egress, socket: String) {
        open = { Lane(egress: egress, socket: socket) }
        lanes = (0..<4).map { [open] _ in open() }
    }

    /// Does the work on the lane of that object, or, when it takes long, on one that is opened for it. A daemon that does not answer in time is given up; the thread goes on waiting for it.
    /// Throws `.unreachable` when the work has not begun by then, and `.ambiguous` when it has.
    func run<Answer: Sendable>(
        for id: String, isLong: Bool = false, within limit: Duration = .seconds(60), _ surroundings: Surroundings,
        _ work: @escaping @Sendable (Hypervisor) throws(ProviderError) -> Answer
    ) async throws(ProviderError) -> Answer {
        let number = id.utf8.reduce(0 as UInt32) { $0 &* 31 &+ UInt32($1) } % UInt32(lanes.count)
        let (lane, promise) = (isLong ? open() : lanes[Int(number)], Promise<Answer>())
        // Not a task group: that would wait for the thread that waits.
        Task {
            do throws(ProviderError) {
                let answer = try await lane.run { hypervisor throws(ProviderError) in
                    guard promise.begin() else { throw ProviderError(.unreachable, "Nobody waits for it any more.") }
                    return try work(hypervisor)
                }
                promise.keep(.success(answer))
            } catch {
                promise.keep(.failure(error))
            }
        }
        let timer = Task {
            try await surroundings.sleep(limit)
            promise.giveUp()
        }
        defer { timer.cancel() }
        return try await promise.result().get()
    }
}

/// An answer that comes from another thread, or does not.
private final class Promise<Answer: Sendable>: Sendable {
    private typealias Outcome = Result<Answer, ProviderError>

    private enum State {
        case open(CheckedContinuation<Outcome, Never>?)
        case kept(Outcome)
    }

    private let state = Mutex((State.open(nil), hasBegun: false))

    /// False when it was given up before.
    func begin() -> Bool {
        state.withLock { state in
            guard case .open = state.0 else { return false }
            state.hasBegun = true
            return true
        }
    }

    /// The first outcome counts.
    func keep(_ outcome: Result<Answer, ProviderError>) {
        let waiting = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            guard case .open(let waiting) = state.0 else { return nil }
            state.0 = .kept(outcome)
            return waiting
        }
        waiting?.resume(returning: outcome)
    }

    func giveUp() {
        let hasBegun = state.withLock { $0.hasBegun }
        keep(.failure(ProviderError(hasBegun ? .ambiguous : .unreachable, "libvirt has not answered.")))
    }

    func result() async -> Result<Answer, ProviderError> {
        await withCheckedContinuation { continuation in
            let outcome = state.withLock { state -> Outcome? in
                if case .kept(let outcome) = state.0 { return outcome }
                state.0 = .open(continuation)
                return nil
            }
            if let outcome { continuation.resume(returning: outcome) }
        }
    }
}
