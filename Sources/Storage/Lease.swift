// One server at a time does the work that nobody asked for: brings operations about, sends webhooks, watches alerts, closes hours. Which one is
// a row with an end that its holder moves on. Time decides only who may try; what a holder writes is decided by the row's epoch, which is
// checked in each of its transactions: a server that was halted, and comes to itself when another has taken over, can change nothing more.
//
// The clock is the database's, so that servers need not agree on the time.

package import Kernel
import Synchronization

/// Work that one server at a time does.
package struct Lease: Sendable {
    package let name: String
    /// Who it is given to; of this start of this process alone.
    package let holder: String
    /// How long it stands without being renewed.
    package let duration: Duration
    private let clock: @Sendable (Connection) throws -> Timestamp

    package init(
        _ name: String, holder: String, duration: Duration = .seconds(10),
        clock: @escaping @Sendable (Connection) throws -> Timestamp = { try $0.serverTime }
    ) {
        self.name = name
        self.holder = holder
        self.duration = duration
        self.clock = clock
    }

    package static let migrations = [
        Migration(
            "0140-leases",
            """
            CREATE TABLE leases (
                name TEXT PRIMARY KEY, holder TEXT NOT NULL, epoch INTEGER NOT NULL, ends_at INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID
            """)
    ]

    /// Its epoch, when it was free; nil while another holds it. Waits for transactions of the one before.
    package func take(_ connection: Connection) throws -> Int? {
        try connection.execute(
            "INSERT INTO leases (name, holder, epoch, ends_at) VALUES (?, '', 0, 0) ON CONFLICT (name) DO NOTHING", name)
        let now = try clock(connection)
        // Looked at before it is locked, so that those who stand by hold up nobody.
        let isFree = try connection.row("SELECT 1 FROM leases WHERE name = ? AND ends_at <= ?", name, now) { _ in true } ?? false
        guard isFree else { return nil }
        let epoch = try connection.row(
            "SELECT epoch FROM leases WHERE name = ? AND ends_at <= ?" + connection.dialect.forUpdate, name, now
        ) { $0.integer(0) }
        guard let epoch else { return nil }
        try connection.execute(
            "UPDATE leases SET holder = ?, epoch = ?, ends_at = ? WHERE name = ?", holder, epoch + 1, try end(connection), name)
        return epoch + 1
    }

    /// Moves its end on; false when another has it.
    package func renew(_ epoch: Int, _ connection: Connection) throws -> Bool {
        try connection.execute(
            "UPDATE leases SET ends_at = ? WHERE name = ? AND holder = ? AND epoch = ?", try end(connection), name, holder, epoch) == 1
    }

    /// Gives it up, so that another need not wait for its end.
    package func release(_ epoch: Int, _ connection: Connection) throws {
        try connection.execute("UPDATE leases SET ends_at = 0 WHERE name = ? AND holder = ? AND epoch = ?", name, holder, epoch)
    }

    private func end(_ connection: Connection) throws -> Timestamp {
        try clock(connection).adding(
            milliseconds: duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000)
    }
}

/// What this server knows of its lease. Before anything is known, all may be written: a single server needs no lease.
package final class LeaseHolder: Sendable {
    private enum State: Sendable {
        case notNeeded
        case none
        case held(name: String, epoch: Int)
    }

    private let state = Mutex(State.notNeeded)

    package init() {}

    package func hold(_ lease: Lease, _ epoch: Int) { state.withLock { $0 = .held(name: lease.name, epoch: epoch) } }
    package func lose() { state.withLock { $0 = .none } }

    /// Whether this server may do the work, as far as it knows.
    var isHere: Bool {
        state.withLock { state in
            if case .none = state { false } else { true }
        }
    }

    /// Throws `.conflict` when another server has taken over, and keeps one from doing so until the transaction ends.
    func check(_ connection: Connection) throws {
        switch state.withLock({ $0 }) {
        case .notNeeded: return
        case .none: break
        case .held(let name, let epoch):
            let current = try connection.row("SELECT epoch FROM leases WHERE name = ?" + connection.dialect.forKeyShare, name) {
                $0.integer(0)
            }
            if current == epoch { return }
        }
        throw StorageError.conflict("Another server does this work.")
    }
}

extension Connection {
    /// The time by the clock of the database's machine; with SQLite, which has none, that of this one.
    package var serverTime: Timestamp {
        get throws {
            switch dialect {
            case .sqlite: Surroundings.real.now()
            case .postgres:
                try row("SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT") { $0.time(0) } ?? Surroundings.real.now()
            }
        }
    }
}
