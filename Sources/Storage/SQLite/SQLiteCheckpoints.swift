import Dispatch
import GRDB
import GRDBSQLite
import Synchronization

/// Brings what stands in the write-ahead log into the database, beside the writer.
///
/// By itself SQLite has the commit do it that makes the log long, and every write waits: measured, a tenth of the writer's time and two syncs of
/// ten megabytes. Here another connection does it meanwhile; the little that was written meanwhile the writer adds. Only then is nothing
/// left, and the log can begin from its start again.
final class SQLiteCheckpoints: Sendable {
    private let longLog: Int
    private let other: Mutex<SQLiteDriver>
    private let queue = DispatchQueue(label: "checkpoints", qos: .utility)
    private let pagesInLog = Atomic(0)
    private let stage: Mutex<Stage>

    private enum Stage {
        /// Nothing is to be done before the log has so many pages.
        case waiting(for: Int)
        case running
        /// The other connection has done its part.
        case almostDone
    }

    /// For a database that has a write-ahead log already.
    init(_ options: SQLiteEngine.Options) throws {
        longLog = options.longLog
        stage = Mutex(.waiting(for: options.longLog))
        other = Mutex(SQLiteDriver(try KeptStatements(readingFrom: options.path)))
        try other.withLock { _ = try $0.execute("PRAGMA synchronous = \(options.synchronous.rawValue)", []) }
    }

    /// Takes over from SQLite on the writer's connection, which must not outlive this.
    func take(over writer: SQLiteConnection) {
        sqlite3_wal_hook(
            writer,
            { checkpoints, _, _, pages in
                let checkpoints = Unmanaged<SQLiteCheckpoints>.fromOpaque(checkpoints!).takeUnretainedValue()  // handed in below
                checkpoints.pagesInLog.store(Int(pages), ordering: .relaxed)
                return SQLITE_OK
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// To be called by the writer after each commit. Whether nothing is left now: once no reader needs the log, it begins from its start again.
    func goOn(_ writer: SQLiteConnection) -> Bool {
        let pages = pagesInLog.load(ordering: .relaxed)
        return stage.withLock { stage in
            switch stage {
            case .waiting(let enough):
                // The log has begun anew.
                if pages < longLog { stage = .waiting(for: longLog) }
                guard pages >= enough else { return false }
                stage = .running
                queue.async { [self] in
                    runBeside()
                    self.stage.withLock { $0 = .almostDone }
                }
            case .running: break
            case .almostDone:
                let round = Self.run(on: writer)
                // A reader that takes long needs the log as it is, or the disk is full.
                stage = .waiting(for: round.isComplete ? longLog : pages + longLog)
                return round.isComplete
            }
            return false
        }
    }

    @discardableResult
    func runBeside() -> Round { other.withLock { Self.run(on: $0.connection) } }

    private static func run(on connection: SQLiteConnection) -> Round {
        var (pages, brought): (CInt, CInt) = (0, 0)
        let code = sqlite3_wal_checkpoint_v2(connection, nil, SQLITE_CHECKPOINT_PASSIVE, &pages, &brought)
        return Round(pages: Int(pages), brought: Int(brought), isComplete: code == SQLITE_OK && pages == brought)
    }

    struct Round: Equatable {
        /// In the log.
        let pages: Int
        /// Of which are in the database now.
        let brought: Int
        let isComplete: Bool
    }

    /// Returns when nothing runs any more.
    func finish() { queue.sync {} }
}
