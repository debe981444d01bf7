import Crypto
import HTTPTypes
import Kernel
import Storage
import Synchronization
import Vault

/// The `Idempotency-Key` of one request: what to look for, and what to keep.
struct IdempotentRequest: Sendable {
    let name: IdempotencyRow.Name
    let fingerprint: [UInt8]
    /// Opens and seals answers that hold a secret: only who has the credential and the key can derive it.
    let secret: String
    let at: Timestamp
    let problemWriter: ProblemWriter

    /// Another transaction kept its answer first: undo this one and give that answer.
    struct AlreadyAnswered: Error {}

    /// Runs the effect and keeps its answer in the same transaction.
    func perform(_ body: (Connection) throws -> Answer, _ connection: Connection) throws -> Answer {
        let answer = try body(connection)
        guard try row(keeping: answer).insert(name, at: at, connection) else { throw AlreadyAnswered() }
        return answer
    }

    func row(keeping answer: Answer) throws -> IdempotencyRow {
        let body = answer.holdsSecret ? try Vault.seal(answer.body, secret: secret, context: context) : answer.body
        let headers = answer.headers.map { "\($0.name.rawName): \($0.value)" }.joined(separator: "\n")
        return IdempotencyRow(
            fingerprint: fingerprint, status: answer.status.code, headers: headers, body: body, isSealed: answer.holdsSecret)
    }

    /// The kept answer again, byte for byte. Throws `idempotency_key_reused` for another body, `idempotency_sealed` for another secret.
    func replay(_ row: IdempotencyRow) throws -> Answer {
        guard row.fingerprint == fingerprint else {
            throw Problem(.idempotencyKeyReused, "This Idempotency-Key was first sent with another body.")
        }
        var body = row.body
        if row.isSealed {
            guard let opened = try? Vault.open(row.body, secret: secret, context: context) else {
                throw Problem(.idempotencySealed, "The kept answer holds a secret that this credential's secret does not open.")
            }
            body = opened
        }
        var headers = HTTPFields()
        for line in row.headers.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":"), let name = HTTPField.Name(String(line[..<colon])) else { continue }
            headers[name] = String(line[line.index(colon, offsetBy: 2)...])
        }
        headers[.idempotentReplayed] = "true"
        return Answer(status: HTTPResponse.Status(code: row.status), headers: headers, body: body)
    }

    private var context: String { EventLog.hexadecimal(name.digest) }
}

extension Problem {
    /// The outcomes a retry must see again: the handler's own refusals. Who may ask, how often, whether the server could, and what it said may be
    /// otherwise later, are asked anew.
    var isKept: Bool {
        switch code.status {
        case 400..<500: ![401, 403, 429].contains(code.status) && !code.isRetryable && code != .idempotencySealed
        default: false
        }
    }
}

/// Reads the header: 1–255 visible characters, bare or as a quoted string.
enum IdempotencyKey {
    static func read(_ headers: HTTPFields) throws -> String? {
        guard var text = headers[.idempotencyKey] else { return nil }
        if text.utf8.count > 2, text.hasPrefix("\""), text.hasSuffix("\"") { text = String(text.dropFirst().dropLast()) }
        guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw Problem(.invalidHeader, "Idempotency-Key must be 1 to 255 visible ASCII characters.")
        }
        return text
    }
}

/// The requests that are running under an Idempotency-Key in this process: a second one waits for the first.
package final class RunningRequests: Sendable {
    private let running = Mutex<[IdempotencyRow.Name: [Int: CheckedContinuation<Void, Never>]]>([:])
    private let nextWaiter = Atomic(0)

    package init() {}

    /// True when no other is running and this one now is.
    func begin(_ name: IdempotencyRow.Name) -> Bool {
        running.withLock { running in
            guard running[name] == nil else { return false }
            running[name] = [:]
            return true
        }
    }

    func end(_ name: IdempotencyRow.Name) {
        let waiters = running.withLock { $0.removeValue(forKey: name) ?? [:] }
        for waiter in waiters.values { waiter.resume() }
    }

    /// Waits until the other has ended, or for `limit`.
    func wait(for name: IdempotencyRow.Name, atMost limit: Duration, _ surroundings: Surroundings) async {
        await withTaskGroup { group in
            group.addTask { await self.ended(name) }
            group.addTask { try? await surroundings.sleep(limit) }  // cancelled when the other wins
            await group.next()
            group.cancelAll()
        }
    }

    private func ended(_ name: IdempotencyRow.Name) async {
        let waiter = nextWaiter.wrappingAdd(1, ordering: .relaxed).newValue
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isRunning = running.withLock { running in
                    guard running[name] != nil, !Task.isCancelled else { return false }
                    running[name]?[waiter] = continuation
                    return true
                }
                if !isRunning { continuation.resume() }
            }
        } onCancel: {
            running.withLock { $0[name]?.removeValue(forKey: waiter) }?.resume()
        }
    }
}
