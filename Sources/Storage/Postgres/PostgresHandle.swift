import CPostgres
import Foundation

/// One libpq connection and what was prepared on it.
///
/// `@unchecked Sendable`: libpq lets any thread use a connection as long as it is one at a time. A handle is either in the engine's
/// idle list or with the one job that took it from there; the list's lock orders what the last job did before what the next one does.
final class PostgresHandle: @unchecked Sendable {
    private let connection: OpaquePointer
    private let address: PostgresAddress
    /// Names of prepared statements by SQL text.
    private var prepared: [String: String] = [:]
    /// The transaction failed for no fault of its own: run again it may well succeed.
    private(set) var deservesRetry = false
    /// The connection is no longer of use, though the server may not have closed it.
    private var isSpent = false

    /// Blocks until the server has answered. Throws `.unavailable` with libpq's sentence.
    init(_ address: PostgresAddress) throws(StorageError) {
        self.address = address
        guard let connection = Self.connect(address) else { throw .unavailable("libpq is out of memory.") }
        self.connection = connection
        guard PQstatus(connection) == CONNECTION_OK else { throw .unavailable(lastSentence) }
        PQsetNoticeProcessor(connection, { _, _ in }, nil)  // "already exists, skipping" is no news
        _ = try run(Self.session)
    }

    deinit { PQfinish(connection) }

    private static func connect(_ address: PostgresAddress) -> OpaquePointer? {
        let keywords = address.settings.map { strdup($0.keyword) }
        let values = address.settings.map { strdup($0.value) }
        defer { for text in keywords + values { free(text) } }
        return PQconnectdbParams(keywords.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 0)
    }

    /// What this program relies on, whatever the server's or the role's defaults are. A commit that is answered is on disk, also on that of a
    /// synchronous standby, and no lock is waited for and no statement runs without end; a process that was halted in a transaction, or cut
    /// off, loses its locks after a while: soon where it writes (`patienceInWrites`), since others wait. Where the operator chose a
    /// stricter commit or another patience, that stays. No time-out ends the wait for a standby: PostgreSQL would call committed what no
    /// standby has.
    private static let session = """
        SELECT set_config('bytea_output', 'hex', false), set_config('standard_conforming_strings', 'on', false),
            set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),
            set_config('\(patienceInWrites)', CASE current_setting('idle_in_transaction_session_timeout')
                WHEN '0' THEN '5s' ELSE current_setting('idle_in_transaction_session_timeout') END, false),
            set_config('lock_timeout', CASE current_setting('lock_timeout') WHEN '0' THEN '10s' ELSE current_setting('lock_timeout') END, false),
            set_config('statement_timeout',
                CASE current_setting('statement_timeout') WHEN '0' THEN '60s' ELSE current_setting('statement_timeout') END, false),
            set_config('idle_in_transaction_session_timeout', CASE current_setting('idle_in_transaction_session_timeout')
                WHEN '0' THEN '60s' ELSE current_setting('idle_in_transaction_session_timeout') END, false)
        """

    /// A setting of ours: the `idle_in_transaction_session_timeout` of transactions that write.
    static let patienceInWrites = "cloudapi.patience_in_writes"

    private var lastSentence: String { address.sentence(String(cString: PQerrorMessage(connection))) }
}

// MARK: - Transactions

extension PostgresHandle {
    /// Whether it can be put back for the next transaction.
    var isIdle: Bool { !isSpent && PQtransactionStatus(connection) == PQTRANS_IDLE }

    /// Whether the next statement needs another connection.
    var isBroken: Bool { isSpent || PQstatus(connection) != CONNECTION_OK }

    /// Several statements may stand in it, parted by semicolons; what they answer is dropped.
    func begin(_ sql: String) throws(StorageError) {
        deservesRetry = false
        _ = try checked(PQexec(connection, sql))
    }

    /// Throws `.unavailable` for a server older than that, and for one that only reads.
    func require(version: Int) throws(StorageError) {
        let found = Int(PQserverVersion(connection)) / 10_000
        guard found >= version else {
            throw .unavailable("The server is PostgreSQL \(found); this program needs \(version) or newer.")
        }
        var isStandby = false
        var isReadOnly = false
        try run("SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on'").forEachRow { row in
            isStandby = row.integer(0) == 1
            isReadOnly = row.integer(1) == 1
        }
        guard !isStandby else {
            throw .unavailable("The server is a standby that only reads; name the primary, or add target_session_attrs=primary.")
        }
        guard !isReadOnly else { throw .unavailable("The database or the role is set to read only (default_transaction_read_only).") }
    }

    /// Throws when the server undid the transaction instead, as it does after a statement that failed outside a savepoint.
    func commit() throws(StorageError) {
        guard try run("COMMIT").command == "COMMIT" else {
            throw .failed("A statement failed outside a savepoint, and PostgreSQL undid the transaction.")
        }
    }

    func rollBack() {
        guard PQstatus(connection) == CONNECTION_OK, PQtransactionStatus(connection) != PQTRANS_IDLE else { return }
        _ = try? run("ROLLBACK")  // what went wrong before is what counts
    }
}

// MARK: - Statements

extension PostgresHandle {
    private static let preparedLimit = 500

    /// Runs a statement without values, unprepared.
    func run(_ sql: String) throws(StorageError) -> PostgresResult {
        try checked(PQexecParams(connection, sql, 0, nil, nil, nil, nil, 0))
    }

    /// Runs a statement with `?` for each value; prepares it the first time.
    func run(_ sql: String, _ values: [SQLValue]) throws(StorageError) -> PostgresResult {
        if values.isEmpty { return try run(sql) }
        let parameters = try PostgresParameters(values)
        let name = try statement(sql)
        return try checked(
            parameters.withPointers { values, lengths, formats in
                PQexecPrepared(connection, name, CInt(values.count), values, lengths, formats, 0)
            })
    }

    private func statement(_ sql: String) throws(StorageError) -> String {
        if let name = prepared[sql] { return name }
        if prepared.count >= Self.preparedLimit {
            _ = try run("DEALLOCATE ALL")
            prepared = [:]
        }
        let name = "s\(prepared.count)"
        _ = try checked(PQprepare(connection, name, PostgresParameters.numbered(sql), 0, nil))
        prepared[sql] = name
        return name
    }

    private func checked(_ pointer: OpaquePointer?) throws(StorageError) -> PostgresResult {
        guard let pointer else { throw .unavailable(lastSentence) }
        let result = PostgresResult(pointer)
        if result.isSuccess { return result }
        throw failure(result)
    }

    private func failure(_ result: PostgresResult) -> StorageError {
        guard let state = result.state else { return .unavailable(lastSentence) }
        switch state {
        case "40001", "40P01": deservesRetry = true
        case "0A000", "26000":  // what was prepared no longer fits the schema, or is not there
            deservesRetry = true
            isSpent = true
        case "25006": isSpent = true  // the server became a standby; the next connection may find the new primary
        default: break
        }
        return .postgres(state: state, message: result.message ?? "PostgreSQL answered \(state).")
    }
}

// MARK: - Notifications

extension PostgresHandle {
    func awaitInput(_ milliseconds: CInt) throws(StorageError) {
        var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
        guard poll(&descriptor, 1, milliseconds) > 0 else { return }
        guard PQconsumeInput(connection) == 1 else { throw .unavailable(lastSentence) }
    }

    func nextNotification() -> String? {
        guard let notification = PQnotifies(connection) else { return nil }
        defer { PQfreemem(notification) }
        return String(cString: notification.pointee.extra)
    }
}
