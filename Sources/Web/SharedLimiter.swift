// One limit on several servers. Asking the database for every request would cost each a write; so a server takes places in small blocks and
// hands them out by itself for a second. What it took counts as if used at the end of that second until it says what it did use, so the
// sum never passes the limit: a use lies between the moment of the block and its end, and a block leaves the count 60 s after its end. What
// is not used comes back with the server's next question. When all ask for more than the limit, blocks are used up at once and
// the end of a block is the moment of its last use, so that little is lost: 60 s windows hold all but a hundredth of the limit.
//
// The moments are the database's. A server that has got a block counts its second from before it asked.

package import Kernel
package import Storage
import Synchronization

/// In any 60 s at most N admitted per key, over all servers on one database.
package final class SharedLimiter: Sendable {
    /// How long a block may be used, in milliseconds.
    static let span: Int64 = 1000
    /// How long a refusal is repeated without asking, in milliseconds.
    static let patience: Int64 = 100

    private let store: Store
    private let server: String
    private let clock: @Sendable (Connection) throws -> Timestamp
    /// Milliseconds that only go forwards.
    private let elapsed: @Sendable () -> Int64
    private let keys = Mutex<[String: Key]>([:])

    /// What this server knows of one key.
    fileprivate struct Key {
        var limit = 0
        var left = 0
        var used = 0
        /// When the block was given, by the database's clock; nil without one.
        var givenAt: Int64?
        /// By our own clock.
        var usableUntil: Int64 = 0
        /// What was free beside the block.
        var rest = 0
        var resetsAt: Int64 = 0
        var refusedUntil: Int64 = 0
        var isAsking = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private enum Step {
        case verdict(RateLimiter.Verdict)
        case ask(used: Int, givenAt: Int64?)
        case wait
    }

    package init(
        store: Store, server: String, clock: @escaping @Sendable (Connection) throws -> Timestamp = { try $0.serverTime },
        elapsed: @escaping @Sendable () -> Int64 = SharedLimiter.monotonic
    ) {
        self.store = store
        self.server = server
        self.clock = clock
        self.elapsed = elapsed
    }

    /// The machine's own clock that is never set.
    package static let monotonic: @Sendable () -> Int64 = { [start = ContinuousClock.now] in
        let passed = (ContinuousClock.now - start).components
        return passed.seconds * 1000 + passed.attoseconds / 1_000_000_000_000_000
    }

    package static let migrations = [
        Migration(
            "0141-rate-windows",
            """
            CREATE TABLE rate_windows (
                id TEXT PRIMARY KEY, blocks TEXT NOT NULL, ends_at INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID
            """, "CREATE INDEX rate_windows_by_end ON rate_windows (ends_at)")
    ]

    /// Takes a place if there is one.
    package func admit(_ name: String, limit: Int) async throws -> RateLimiter.Verdict {
        while true {
            switch keys.withLock({ Self.step(&$0, name, limit, at: elapsed()) }) {
            case .verdict(let verdict): return verdict
            case .wait:
                await withCheckedContinuation { continuation in
                    let goesOn = keys.withLock { keys in
                        guard keys[name]?.isAsking == true else { return true }
                        keys[name]?.waiting.append(continuation)
                        return false
                    }
                    if goesOn { continuation.resume() }
                }
            case .ask(let used, let givenAt):
                defer {
                    let waiting = keys.withLock { keys in
                        keys[name]?.isAsking = false
                        defer { keys[name]?.waiting = [] }
                        return keys[name]?.waiting ?? []
                    }
                    for continuation in waiting { continuation.resume() }
                }
                let asked = elapsed()
                let answer = try await ask(name, limit, used: used, givenAt: givenAt)
                keys.withLock { $0[name]?.take(answer, limit, asked: asked) }
            }
        }
    }

    private static func step(_ keys: inout [String: Key], _ name: String, _ limit: Int, at now: Int64) -> Step {
        if keys.count > 10_000, keys[name] == nil {
            keys = keys.filter { $0.value.isAsking || $0.value.usableUntil + RateLimiter.span > now }
        }
        var key = keys[name] ?? Key()
        defer { keys[name] = key }
        // A limit that was changed is not made up for by what was taken under the old one.
        if key.limit != limit { key.left = min(key.left, limit) }
        if key.left > 0, now < key.usableUntil {
            key.left -= 1
            key.used += 1
            return .verdict(key.verdict(isAdmitted: true, limit))
        }
        if now < key.refusedUntil, key.limit == limit { return .verdict(key.verdict(isAdmitted: false, limit)) }
        guard !key.isAsking else { return .wait }
        key.isAsking = true
        return .ask(used: key.used, givenAt: key.givenAt)
    }
}

extension SharedLimiter.Key {
    fileprivate func verdict(isAdmitted: Bool, _ limit: Int) -> RateLimiter.Verdict {
        .init(
            isAdmitted: isAdmitted, limit: limit, remaining: isAdmitted ? max(0, rest + left) : 0,
            resetsAt: Timestamp(milliseconds: resetsAt))
    }

    fileprivate mutating func take(_ answer: SharedLimiter.Answer, _ limit: Int, asked: Int64) {
        self.limit = limit
        left = answer.count
        used = 0
        givenAt = answer.count > 0 ? answer.at : nil
        usableUntil = asked + SharedLimiter.span
        rest = answer.rest
        resetsAt = answer.resetsAt
        refusedUntil = answer.count > 0 ? 0 : asked + min(SharedLimiter.patience, max(1, answer.resetsAt - answer.at))
    }
}

// MARK: - In the database

extension SharedLimiter {
    struct Answer: Sendable {
        /// Places that may be handed out.
        let count: Int
        let at: Int64
        /// Places that are free beside them.
        let rest: Int
        /// When the next place becomes free.
        let resetsAt: Int64
    }

    /// Some places, as one server took them.
    struct Block: Equatable {
        let server: Substring
        let givenAt: Int64
        /// When the last of them is used.
        var end: Int64
        var count: Int
    }

    /// Says what became of the last block, and takes another.
    private func ask(_ name: String, _ limit: Int, used: Int, givenAt: Int64?) async throws -> Answer {
        try await store.write { [server, clock] connection in
            // On disk, but not waiting for a standby, so that reads go on where it is away: one that is promoted may lack the places that
            // were taken in the last milliseconds.
            if connection.dialect == .postgres { try connection.execute("SET LOCAL synchronous_commit = local") }
            let now = try clock(connection).milliseconds
            try connection.execute(
                "INSERT INTO rate_windows (id, blocks, ends_at) VALUES (?, '', ?) ON CONFLICT (id) DO NOTHING", name, now)
            let text = try connection.row("SELECT blocks FROM rate_windows WHERE id = ?" + connection.dialect.forUpdate, name) {
                $0.text(0)
            }
            // By now others may have had the lock for long.
            let moment = max(now, try clock(connection).milliseconds)
            var blocks = Self.read(text ?? "")
            let answer = Self.take(from: &blocks, limit, server, used: used, givenAt: givenAt, at: moment)
            try connection.execute(
                "UPDATE rate_windows SET blocks = ?, ends_at = ? WHERE id = ?", Self.write(blocks),
                (blocks.map(\.end).max() ?? moment) + RateLimiter.span, name)
            return answer
        }
    }

    static func take(
        from blocks: inout [Block], _ limit: Int, _ server: String, used: Int, givenAt: Int64?, at now: Int64
    ) -> Answer {
        if let givenAt, let mine = blocks.firstIndex(where: { $0.server == server && $0.givenAt == givenAt }) {
            blocks[mine].count = used
            blocks[mine].end = min(blocks[mine].end, now)
        }
        blocks.removeAll { $0.count == 0 || $0.end + RateLimiter.span <= now }
        let free = limit - blocks.reduce(0) { $0 + $1.count }
        let count = max(0, min(free, max(1, limit / 50)))
        if count > 0 {
            // Two of one server in one millisecond are told apart by their moment.
            let moment = max(now, (blocks.filter { $0.server == server }.map(\.givenAt).max() ?? 0) + 1)
            blocks.append(Block(server: server[...], givenAt: moment, end: moment + span, count: count))
            return Answer(count: count, at: moment, rest: free - count, resetsAt: leaving(1, of: blocks) + RateLimiter.span)
        }
        return Answer(count: 0, at: now, rest: 0, resetsAt: leaving(1 - free, of: blocks) + RateLimiter.span)
    }

    /// When the oldest `count` are used.
    private static func leaving(_ count: Int, of blocks: [Block]) -> Int64 {
        var left = 0
        for block in blocks.sorted(by: { $0.end < $1.end }) {
            left += block.count
            if left >= count { return block.end }
        }
        return 0
    }

    private static func write(_ blocks: [Block]) -> String {
        blocks.map { "\($0.server) \($0.givenAt) \($0.end) \($0.count)" }.joined(separator: ",")
    }

    private static func read(_ text: String) -> [Block] {
        text.split(separator: ",").compactMap { entry in
            let parts = entry.split(separator: " ")
            guard parts.count == 4, let givenAt = Int64(parts[1]), let end = Int64(parts[2]), let count = Int(parts[3]) else { return nil }
            return Block(server: parts[0], givenAt: givenAt, end: end, count: count)
        }
    }

    /// Removes windows in which nothing counts any more; answers how many.
    package static func removeOld(limit: Int, _ connection: Connection) throws -> Int {
        try connection.execute(
            "DELETE FROM rate_windows WHERE id IN (SELECT id FROM rate_windows WHERE ends_at <= ? LIMIT ?)", try connection.serverTime,
            limit)
    }
}

/// Who counts requests: a server by itself, or all that share a database.
package enum RequestLimiter: Sendable {
    case own(RateLimiter)
    case shared(SharedLimiter)

    package func admit(_ key: String, limit: Int, at clock: @autoclosure () -> Timestamp) async throws -> RateLimiter.Verdict {
        switch self {
        case .own(let limiter): limiter.admit(key, limit: limit, at: clock())
        case .shared(let limiter): try await limiter.admit(key, limit: limit)
        }
    }
}
