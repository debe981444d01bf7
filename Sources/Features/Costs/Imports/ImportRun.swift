import Kernel

/// The reading of one bill, on a thread of its own.
actor ImportRun {
    private let queue = OwnQueue("cost import")
    nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    private let path: String
    private let skipsBadRows: Bool
    private var reader: FocusReader?

    init(path: String, skipsBadRows: Bool) {
        self.path = path
        self.skipsBadRows = skipsBadRows
    }

    struct Progress: Sendable {
        let bytes: Int
        let rows: Int
    }

    var progress: Progress { Progress(bytes: reader?.bytesTaken ?? 0, rows: reader?.rows ?? 0) }

    /// The next full segment; nil when all is read.
    func next() throws(FocusFailure) -> SealedSegment? {
        if reader == nil { reader = try FocusReader(path: path, skipsBadRows: skipsBadRows) }
        return try reader?.next()
    }

    struct Report: Sendable {
        let rows: Int
        let skipped: Int
        let failures: [FocusFailure]
        let warnings: [JSON]
    }

    var report: Report {
        Report(
            rows: reader?.rows ?? 0, skipped: reader?.skipped ?? 0, failures: reader?.failures ?? [], warnings: reader?.warnings.all ?? [])
    }
}
