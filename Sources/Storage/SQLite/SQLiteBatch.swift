/// One write of a batch: runs, and answers what to tell its caller once the outcome of the commit is known.
struct SQLiteWrite: Sendable {
    let run: @Sendable (Connection, _ inSavepoint: Bool) -> Outcome
    /// Tells the caller that no transaction could be begun.
    let refuse: Tell

    typealias Tell = @Sendable ((any Error)?) -> Void

    struct Outcome: Sendable {
        let hasFailed: Bool
        let tell: Tell
    }

    init<Result: Sendable>(
        _ continuation: CheckedContinuation<Result, any Error>, _ body: @escaping @Sendable (Connection) throws -> Result
    ) {
        run = { connection, inSavepoint in
            do {
                let result = try inSavepoint ? connection.savepoint { try body(connection) } : body(connection)
                return Outcome(hasFailed: false) { commitError in
                    continuation.resume(with: commitError.map { .failure($0) } ?? .success(result))
                }
            } catch {
                // What it saw of the others may not have come to be either.
                return Outcome(hasFailed: true) { commitError in continuation.resume(throwing: commitError ?? error) }
            }
        }
        refuse = { error in continuation.resume(throwing: error ?? CancellationError()) }
    }
}

/// One transaction and the writes that share it.
struct SQLiteBatch {
    private let driver: SQLiteDriver
    private var writes: [(write: SQLiteWrite, tell: SQLiteWrite.Tell)] = []
    private var usesSavepoints = false
    /// Why none of the writes will be there.
    private(set) var failure: (any Error)?

    init(_ driver: SQLiteDriver) { self.driver = driver }

    var count: Int { writes.count }

    mutating func begin() {
        do {
            try driver.begin("BEGIN IMMEDIATE")
            driver.memory = TransactionMemory()
        } catch {
            failure = error
        }
    }

    mutating func run(_ write: SQLiteWrite) {
        guard failure == nil else { return writes.append((write, write.refuse)) }
        driver.hasWritten = false
        let outcome = write.run(Connection(driver: driver), usesSavepoints)
        failure = driver.undone
        if outcome.hasFailed, !usesSavepoints, driver.hasWritten, failure == nil { beginAgain() }
        writes.append((write, outcome.tell))
    }

    /// Takes everything back, and runs again what was there before.
    private mutating func beginAgain() {
        _ = try? driver.execute("ROLLBACK", [])  // where that fails, so does what follows
        begin()
        let before = writes
        writes = []
        usesSavepoints = !before.isEmpty
        for (write, _) in before { run(write) }
    }

    mutating func commit() {
        if failure == nil {
            do {
                _ = try driver.execute("COMMIT", [])
            } catch {
                failure = error
            }
        }
        if failure != nil, driver.isInTransaction { _ = try? driver.execute("ROLLBACK", []) }  // the first failure is what counts
    }

    func tell() {
        for (_, tell) in writes { tell(failure) }
    }
}

/// How many writes shared a commit: counts for up to 1, 2, 4, … 512.
package struct CommitBatches: Sendable, Equatable {
    package static let bounds = (0...9).map { 1 << $0 }
    /// One for each bound.
    package private(set) var counts = [Int](repeating: 0, count: bounds.count)

    package init() {}

    mutating func count(_ writes: Int) {
        counts[Self.bounds.firstIndex { writes <= $0 } ?? Self.bounds.count - 1] += 1
    }
}
