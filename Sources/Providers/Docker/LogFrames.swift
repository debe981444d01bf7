import Kernel
import Provider

/// Takes a log of both streams apart.
///
/// The format is that of containers without a terminal: frames of eight bytes of head (stream, three zeros, the payload's length with the
/// highest byte first) and a payload, which is a time, a blank and a line. dockerd parts a line of more than 16 KiB into several frames, each
/// with a time of its own and only the last with a line break.
struct LogFrames {
    /// The log is not in frames, so nothing can be read of it.
    struct NotFramed: Error {}

    /// Bytes of one frame, and of one line, that are kept.
    static let longest = 256 << 10

    private var head: [UInt8] = []
    private var payload: [UInt8] = []
    private var missing = 0
    private var stream = LogLine.Stream.stdout
    private var openLines: [LogLine.Stream: OpenLine] = [:]

    private struct OpenLine {
        let at: Timestamp
        var text: [UInt8]
    }

    /// The lines that these bytes complete.
    mutating func add(_ bytes: [UInt8]) throws(NotFramed) -> [LogLine] {
        var lines: [LogLine] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            if missing == 0 {
                head.append(rest.removeFirst())
                if head.count == 8 { try beginFrame() }
            } else {
                let part = rest.prefix(missing)
                payload.append(contentsOf: part.prefix(Self.longest - payload.count))
                missing -= part.count
                rest = rest.dropFirst(part.count)
                if missing == 0 { lines += endFrame() }
            }
        }
        return lines
    }

    /// What was written without a line break at the end.
    mutating func end() -> [LogLine] {
        defer { openLines = [:] }
        return openLines.sorted { $0.value.at < $1.value.at }.map { Self.line($0.key, $0.value) }
    }

    private mutating func beginFrame() throws(NotFramed) {
        guard head[0] <= 2, head[1...3].allSatisfy({ $0 == 0 }) else { throw NotFramed() }
        stream = head[0] == 2 ? .stderr : .stdout
        missing = head[4...].reduce(0) { $0 << 8 | Int($1) }
        head.removeAll(keepingCapacity: true)
    }

    private mutating func endFrame() -> [LogLine] {
        defer { payload.removeAll(keepingCapacity: true) }
        let pieces = payload.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var lines: [LogLine] = []
        for (index, piece) in pieces.enumerated() where !(piece.isEmpty && index == pieces.count - 1) {
            continueLine(with: piece)
            if index < pieces.count - 1, let whole = openLines.removeValue(forKey: stream) { lines.append(Self.line(stream, whole)) }
        }
        return lines
    }

    /// A piece without a time belongs to what came before it, as far as it can.
    private mutating func continueLine(with piece: ArraySlice<UInt8>) {
        let (time, text) = Self.parted(piece)
        var line = openLines[stream] ?? OpenLine(at: time ?? Timestamp.first, text: [])
        line.text.append(contentsOf: text.prefix(Self.longest - line.text.count))
        openLines[stream] = line
    }

    private static func parted(_ piece: ArraySlice<UInt8>) -> (Timestamp?, ArraySlice<UInt8>) {
        guard let blank = piece.prefix(40).firstIndex(of: UInt8(ascii: " ")),
            let time = Timestamp(String(decoding: piece[..<blank], as: UTF8.self))
        else { return (nil, piece) }
        return (time, piece[(blank + 1)...])
    }

    private static func line(_ stream: LogLine.Stream, _ line: OpenLine) -> LogLine {
        LogLine(at: line.at, stream: stream, message: String(decoding: line.text, as: UTF8.self))
    }
}
