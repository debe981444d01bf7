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
    private let options: SQLiteEngine.Options
    private let queue = DispatchQueue(label: "checkpoints", qos: .utility)
    private let pagesInLog = Atomic(0)
    private let stage = Mutex(Stage.idle)

    private enum Stage {
        case idle
        case running
        /// The other connection has done its part.
        case almostDone
    }

    init(_ options: SQLiteEngine.Options) { self.options = options }

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

    /// To be called by the writer after each commit.
    func goOn(_ writer: SQLiteConnection) {
        guard pagesInLog.load(ordering: .relaxed) >= options.longLog else { return }
        stage.withLock { stage in
            switch stage {
            case .idle:
                stage = .running
                queue.async { [self] in
                    runBeside()
                    self.stage.withLock { $0 = .almostDone }
                }
            case .running: break
            case .almostDone:
                sqlite3_wal_checkpoint_v2(writer, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
                stage = .idle
            }
        }
    }

    /// What cannot be done now (a long reader needs the log as it is, the disk is full) is tried again after the next commit.
    private func runBeside() {
        var connection: SQLiteConnection?
        defer { sqlite3_close_v2(connection) }
        guard sqlite3_open_v2(options.path, &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil) == SQLITE_OK else { return }
        sqlite3_exec(connection, "PRAGMA synchronous = \(options.synchronous.rawValue)", nil, nil, nil)
        sqlite3_wal_checkpoint_v2(connection, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
    }

    /// Returns when nothing runs any more.
    func finish() { queue.sync {} }
}
