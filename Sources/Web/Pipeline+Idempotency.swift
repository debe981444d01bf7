import Crypto
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore
import Storage

/// A request under an `Idempotency-Key` runs once, and every other one like it gets its answer.
extension Pipeline {
    /// Runs `work` unless its answer is kept already; waits for the same request if it is running.
    func once(_ idempotent: IdempotentRequest, _ work: () async throws -> Answer) async throws -> Answer {
        try await begin(idempotent)
        defer { running.end(idempotent.name) }
        if let kept = try await kept(idempotent) { return kept }
        do {
            return try await work()
        } catch is IdempotentRequest.AlreadyAnswered {
            guard let kept = try await kept(idempotent) else { throw StorageError.conflict("The kept answer is gone.") }
            return kept
        } catch let problem as Problem where problem.isKept {
            // Nothing was committed, so that its row may come after.
            let answer = idempotent.problemWriter.answer(problem)
            let row = try idempotent.row(keeping: answer)
            let isFirst = try await store.write { connection in try row.insert(idempotent.name, at: idempotent.at, connection) }
            return try await isFirst ? answer : kept(idempotent) ?? answer
        }
    }

    /// Several may have waited for the one that ran; each has its turn. Throws `idempotency_in_progress` when the time to wait is over.
    func begin(_ idempotent: IdempotentRequest) async throws {
        let start = surroundings.now().milliseconds
        while !running.begin(idempotent.name) {
            let left = limits.idempotencyWait - .milliseconds(surroundings.now().milliseconds - start)
            guard left > .zero else {
                throw Problem(.idempotencyInProgress, "A request with this Idempotency-Key is still running.", retryAfter: 1)
            }
            await running.wait(for: idempotent.name, atMost: left, surroundings)
        }
    }

    func kept(_ idempotent: IdempotentRequest) async throws -> Answer? {
        let row = try await store.peek { connection in try IdempotencyRow.find(idempotent.name, at: idempotent.at, connection) }
        return try row.map { try idempotent.replay($0) }
    }

    func idempotentRequest(_ arrival: Arrival, _ caller: Caller, _ secret: String, _ key: String, _ body: ByteBuffer)
        -> IdempotentRequest
    {
        let owner = caller.credential.kind == .session ? caller.user?.rawValue ?? caller.credential.id : caller.credential.id
        var hasher = SHA256()
        hasher.update(data: Array((arrival.request.uri.query ?? "").utf8))
        hasher.update(data: [0])
        body.withUnsafeReadableBytes { hasher.update(bufferPointer: $0) }
        return IdempotentRequest(
            name: .init(
                tenant: caller.tenant, credential: owner, method: arrival.route.method.rawValue, path: arrival.unmountedPath, key: key),
            fingerprint: Array(hasher.finalize()), secret: secret + key, at: arrival.at, problemWriter: arrival.problemWriter)
    }
}
