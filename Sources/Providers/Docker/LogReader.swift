import Kernel
import Outgoing
import Provider

/// Reads a log as it is asked for: nothing is read ahead of its reader, and when that goes the connection goes.
actor LogReader {
    /// Taken out while a part is awaited.
    private var parts: OutgoingStream.Body.AsyncIterator?
    private var frames = LogFrames()
    private var ready: ArraySlice<LogLine> = []
    private let after: Timestamp?
    private let silence: Duration?
    private let sleep: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - after: earlier lines, and those of this millisecond, are left out.
    ///   - silence: how long the next part may take; nil for as long as it likes.
    init(_ stream: OutgoingStream, after: Timestamp?, silence: Duration?, sleep: @escaping @Sendable (Duration) async throws -> Void) {
        self.parts = stream.body.makeAsyncIterator()
        self.after = after
        self.silence = silence
        self.sleep = sleep
    }

    func next() async throws -> LogLine? {
        while true {
            if let line = ready.popFirst() { return line }
            guard parts != nil else { return nil }
            if let part = try await nextPart() {
                take(try frames.add(part))
            } else {
                parts = nil
                take(frames.end())
            }
        }
    }

    private func take(_ lines: [LogLine]) {
        ready = lines.filter { line in after.map { line.at > $0 } ?? true }[...]
    }

    private func nextPart() async throws -> [UInt8]? {
        guard let silence else { return try await readPart() }
        return try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            group.addTask { try await self.readPart() }
            group.addTask {
                try await self.sleep(silence)
                throw ProviderError(.ambiguous, "The log stopped in the middle.")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    private func readPart() async throws -> [UInt8]? {
        guard var iterator = parts else { return nil }
        do {
            let part = try await iterator.next(isolation: self)
            parts = iterator
            return part
        } catch {
            parts = nil
            throw ProviderError(error)
        }
    }
}
