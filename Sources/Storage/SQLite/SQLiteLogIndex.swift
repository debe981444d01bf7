import GRDB
import GRDBSQLite
import Synchronization

/// Two that are equal say that nothing was committed between the moments they were taken at, by whichever connection or program.
package struct CommitMark: Equatable, Sendable {
    fileprivate let changes: UInt64
    fileprivate let frames: UInt64
    fileprivate let salts: UInt64
}

/// The head of the write-ahead log's index: memory that all programs on the database share, and that a commit changes last of all. A reader looks
/// there first for what it may see.
///
/// Laid out as https://www.sqlite.org/walformat.html describes it for the version it names.
struct SQLiteLogIndex: Sendable {
    /// Stays where it is while the connection is open.
    private let address: Int

    private static let knownVersion: UInt32 = 3_007_000

    /// Of a connection that has read from its write-ahead log; nil where the index does not lie in memory, or is of another version.
    init?(of connection: SQLiteConnection) {
        var file: UnsafeMutablePointer<sqlite3_file>?
        var index: UnsafeMutableRawPointer?
        guard sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK,
            let methods = file?.pointee.pMethods?.pointee, methods.iVersion >= 2, let map = methods.xShmMap,
            map(file, 0, 32 << 10, 0, &index) == SQLITE_OK, let index, index.load(as: UInt32.self) == Self.knownVersion
        else { return nil }
        address = Int(bitPattern: index)
    }

    var mark: CommitMark { CommitMark(changes: word(1), frames: word(2), salts: word(4)) }

    private func word(_ number: Int) -> UInt64 {
        UnsafePointer<Atomic<UInt64>>(bitPattern: address + 8 * number)!.pointee.load(ordering: .acquiring)  // its own address
    }
}
