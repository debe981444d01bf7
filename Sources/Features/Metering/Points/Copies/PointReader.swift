package import Kernel
package import Storage
import Synchronization

/// Asks a point store, if there is one, for as much of a question as was copied. What it does not answer, the database does: a store that is
/// down or slow makes reading slower and never wrong, and is left alone for a while.
package final class PointReader: Sendable {
    private let copies: (any PointStore)?
    private let store: Store
    private let surroundings: Surroundings
    private let failed: @Sendable (any Error) -> Void
    /// When it may be asked again.
    private let restsUntil = Mutex(Timestamp(milliseconds: 0))

    /// After a failure, in milliseconds.
    private static let rest: Int64 = 10_000

    package init(
        copies: (any PointStore)? = nil, store: Store, surroundings: Surroundings,
        failed: @escaping @Sendable (any Error) -> Void = { _ in }
    ) {
        self.copies = copies
        self.store = store
        self.surroundings = surroundings
        self.failed = failed
    }

    /// To be handed to `Points.aggregate`, which looks at each day again.
    package func answer(_ question: Points.Question, in tenant: Tenant) async throws -> CopiedAnswer {
        guard let copies, restsUntil.withLock({ $0 <= surroundings.now() }) else { return .none }
        let requests = try await store.read { try Points.requests(question, in: tenant, $0) }
        var answer = CopiedAnswer.none
        do {
            for request in requests { try await ask(copies, request, &answer) }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            failed(error)
            let end = surroundings.now().adding(milliseconds: Self.rest)
            restsUntil.withLock { $0 = end }
        }
        return answer
    }

    private func ask(_ copies: any PointStore, _ request: CopyRequest, _ answer: inout CopiedAnswer) async throws {
        var found: [Int: (points: Int, content: CopiedAnswer.Content)] = [:]
        switch request.shape {
        case .points:
            for day in try await copies.points(request.selection) { found[day.day] = (day.all, .points(day.points)) }
        case .sums:
            for (day, sums) in Dictionary(grouping: try await copies.sums(request.selection), by: \.day) {
                found[day] = (sums.reduce(0) { $0 + $1.combined.count }, .sums(sums))
            }
        case .hours:
            for (day, sums) in Dictionary(grouping: try await copies.hours(request.selection), by: \.day) {
                found[day] = (sums.reduce(0) { $0 + $1.combined.count }, .hours(sums))
            }
        }
        let metric = request.selection.metric
        var known = answer.metrics[metric] ?? .init(names: request.names)
        for day in request.standing {
            guard let whole = found[day.day], whole.points == day.points else { continue }
            known.days[day.day] = .init(version: day.version, content: whole.content)
        }
        answer.metrics[metric] = known
        let broken = request.standing.filter { found[$0.day]?.points != $0.points }
        if !broken.isEmpty {
            let now = surroundings.now()
            try await store.write { try PointCopies.distrust(broken, of: metric, at: now, $0) }
        }
    }
}
