import Kernel
import Storage
import Synchronization

/// The series of one stream and function that this process has met, and how they were spelt.
///
/// Series are only ever added, and their numbers never change, so what stands here is right for as long as the stream lives; whether it
/// lives is asked in each transaction. Only what was committed comes in. Two tables: `sent` maps a name and dimensions byte for byte as
/// clients write them (a client writes a series the same way each time), `known` maps them in their one form.
final class SeriesBook: Sendable {
    private let state: Mutex<State>

    private struct State {
        var metrics: [Metric] = []
        var sent: ByteTable
        var known: ByteTable
    }

    /// A metric as the book knows it.
    struct Metric: Sendable {
        let number: Int64
        let name: [UInt8]
        /// Those of its series that stand in the book: the first so many.
        var series: Int
    }

    /// A series of the batch that is not in the book.
    struct Stranger: Hashable, Sendable {
        let name: [UInt8]
        let dimensions: Dimensions
    }

    /// For each point its series, where that is known; else which of the strangers it is.
    struct Resolution: Sendable {
        /// `metric << 32 | series`, metrics counted as in `metrics`; a stranger's has the highest bit.
        var series: [UInt64] = []
        var metrics: [Metric] = []
        var strangers: [Stranger] = []
        /// How each stranger was spelt where it was met first.
        var spellings: [SentPoint] = []

        static let strange: UInt64 = 1 << 63
    }

    /// Spellings kept at most; then they are learnt anew.
    private static let mostSpellings = 1_000_000

    private let seed: UInt64

    init(seed: UInt64) {
        self.seed = seed
        state = Mutex(State(sent: ByteTable(seed: seed), known: ByteTable(seed: seed)))
    }

    var bytes: Int { state.withLock { $0.sent.bytes + $0.known.bytes } }

    /// Throws for a name or dimensions that cannot be, at the first point that has them.
    func resolve(_ points: [SentPoint], in body: UnsafeRawBufferPointer) throws(IngestRefusal) -> Resolution {
        guard let base = body.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return Resolution() }
        var resolution = Resolution()
        resolution.series = state.withLock { state in
            var guess = 0
            return points.map { point in
                state.sent.find(point.name(in: base), point.dimensions(in: base), guess: &guess) ?? Resolution.strange
            }
        }
        var strangers: [Stranger: UInt64] = [:]
        for place in points.indices where resolution.series[place] == Resolution.strange {
            let point = points[place]
            let stranger = try Stranger(point, number: place, base)
            if let known = recognise(stranger, spelt: point, base) {
                resolution.series[place] = known
            } else {
                let number = strangers[stranger] ?? UInt64(strangers.count)
                if number == strangers.count {
                    strangers[stranger] = number
                    resolution.strangers.append(stranger)
                    resolution.spellings.append(point)
                }
                resolution.series[place] = Resolution.strange | number
            }
        }
        resolution.metrics = state.withLock { $0.metrics }
        return resolution
    }

    /// Looks a spelling up in its one form, and keeps it.
    private func recognise(_ stranger: Stranger, spelt point: SentPoint, _ base: UnsafePointer<UInt8>) -> UInt64? {
        state.withLock { state in
            let found = stranger.name.withUnsafeBufferPointer { name in
                stranger.dimensions.bytes.withUnsafeBufferPointer { state.known.find(name, $0) }
            }
            guard let found else { return nil }
            if state.sent.count >= Self.mostSpellings { state.sent = ByteTable(seed: seed) }
            let (name, dimensions) = (point.name(in: base), point.dimensions(in: base))
            if state.sent.find(name, dimensions) == nil { state.sent.insert(name, dimensions, found) }
            return found
        }
    }

    /// Takes in series that are committed: `dimensions` are those from number `first` on.
    func learn(metric number: Int64, name: [UInt8], first: Int, _ dimensions: [Dimensions]) {
        state.withLock { state in
            let slot =
                state.metrics.firstIndex { $0.number == number }
                ?? {
                    state.metrics.append(Metric(number: number, name: name, series: 0))
                    return state.metrics.count - 1
                }()
            // Another may have been here before, or not come yet.
            let known = state.metrics[slot].series
            guard first <= known, first + dimensions.count > known else { return }
            name.withUnsafeBufferPointer { name in
                for (place, entry) in dimensions.enumerated().dropFirst(known - first) {
                    entry.bytes.withUnsafeBufferPointer {
                        state.known.insert(name, $0, UInt64(slot) << 32 | UInt64(first + place))
                    }
                }
            }
            state.metrics[slot].series = first + dimensions.count
        }
    }

    /// Takes in how the strangers of a batch were spelt that are strangers no more.
    func learnSpellings(of resolution: Resolution, in body: UnsafeRawBufferPointer) {
        guard let base = body.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        for (stranger, spelling) in zip(resolution.strangers, resolution.spellings) { _ = recognise(stranger, spelt: spelling, base) }
    }

    var metrics: [Metric] { state.withLock { $0.metrics } }
}

extension SeriesBook.Stranger {
    fileprivate init(_ point: SentPoint, number: Int, _ base: UnsafePointer<UInt8>) throws(IngestRefusal) {
        let scanner = ByteScanner(base: base, count: Int(point.nameStart + point.nameLength))
        let bytes = point.name(in: base)
        name = try scanner.unescaped(
            .init(start: Int(point.nameStart), length: Int(point.nameLength), isEscaped: bytes.contains(UInt8(ascii: "\\"))))
        guard 1...255 ~= name.count(where: { $0 & 0xC0 != 0x80 }) else {
            throw .field("/data/\(number)/metric_name", "length", "must have 1 to 255 characters")
        }
        dimensions = try Dimensions(reading: point.dimensions(in: base), at: "/data/\(number)/custom_dimensions")
    }
}

extension SentPoint {
    @inline(__always)
    fileprivate func name(in base: UnsafePointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: base + Int(nameStart), count: Int(nameLength))
    }

    @inline(__always)
    fileprivate func dimensions(in base: UnsafePointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: dimensionsLength == 0 ? nil : base + Int(dimensionsStart), count: Int(dimensionsLength))
    }
}

/// The books of all streams of this process.
final class SeriesBooks: Sendable {
    struct Name: Hashable {
        let tenant: Tenant
        let digest: [UInt8]
        let function: MetricFunction
    }

    /// Bytes of all books at most; then they are written anew from the database.
    private static let most = 512 << 20

    private let books = Mutex<[Name: SeriesBook]>([:])
    private let surroundings: Surroundings

    init(surroundings: Surroundings) { self.surroundings = surroundings }

    func book(_ name: Name) -> SeriesBook {
        books.withLock { books in
            if let book = books[name] { return book }
            if books.count % 16 == 0, books.values.reduce(0, { $0 + $1.bytes }) > Self.most { books = [:] }
            let book = SeriesBook(seed: surroundings.random())
            books[name] = book
            return book
        }
    }
}
