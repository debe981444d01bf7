package import Kernel
package import Storage
package import Web

/// What became of a batch: points that were not there before, and points that were.
package struct IngestCount: Sendable, Equatable {
    package var created = 0
    package var updated = 0
}

/// Takes batches of points. Points are data, not changes of state: they append no events.
package final class PointIngest: Sendable {
    private let books: SeriesBooks

    package init(surroundings: Surroundings) { books = SeriesBooks(surroundings: surroundings) }

    /// A batch that is read and whose series are looked up, and how to store it.
    package struct Prepared: Sendable {
        let digest: [UInt8]
        let function: MetricFunction
        let batch: PointBatch
        let book: SeriesBook
    }

    /// Reads the body of a call and looks its series up, in the database where this process has not met them. Throws a problem.
    package func prepare(_ call: Call) async throws -> Prepared {
        let tenant = call.caller.tenant
        do {
            let sent = try call.withBody { try IngestReader.read($0) }
            let digest = DataStream.digest(of: sent.token)
            let book = books.book(.init(tenant: tenant, digest: digest, function: sent.function))
            var resolution = try call.withBody { try book.resolve(sent.points, in: $0) }
            if !resolution.strangers.isEmpty {
                // Other processes, and this one before it was started anew, may have met them.
                try await call.read { connection in try book.refresh(digest, sent.function, in: tenant, connection) }
                resolution = try call.withBody { try book.resolve(sent.points, in: $0) }
            }
            return Prepared(digest: digest, function: sent.function, batch: PointBatch(sent.points, resolution), book: book)
        } catch let refusal as IngestRefusal {
            throw refusal.problem
        }
    }

    /// What a transaction made known, to be learnt once it is committed.
    package struct Learnt: Sendable {
        var series: [(metric: Int64, name: [UInt8], first: Int, dimensions: [Dimensions])] = []
    }

    /// Stores a batch in its transaction. Throws `not_found` for a stream that is not the tenant's.
    package static func store(
        _ prepared: Prepared, in tenant: Tenant, at now: Timestamp, _ connection: Connection
    ) throws -> (IngestCount, Learnt) {
        let stream = try DataStream.locked(withDigest: prepared.digest, in: tenant, connection)
        guard stream.type == .custom else {
            let detail = "names a stream of another type; its data does not come this way"
            throw IngestRefusal.field("/data_stream_token", "stream_type", detail).problem
        }
        guard prepared.batch.count > 0 else { return (IngestCount(), Learnt()) }
        var transaction = IngestTransaction(stream: stream, function: prepared.function, now: now, connection: connection)
        let count = try transaction.store(prepared.batch)
        return (count, transaction.learnt)
    }

    /// To be called once the transaction is committed.
    package static func learn(_ learnt: Learnt, _ prepared: Prepared, from call: Call) {
        for entry in learnt.series {
            prepared.book.learn(metric: entry.metric, name: entry.name, first: entry.first, entry.dimensions)
        }
        call.withBody { prepared.book.learnSpellings(of: prepared.batch.resolution, in: $0) }
    }
}

extension SeriesBook {
    /// Takes in what is committed and not in the book yet.
    func refresh(_ digest: [UInt8], _ function: MetricFunction, in tenant: Tenant, _ connection: Connection) throws {
        guard let stream = try DataStream.id(withDigest: digest, in: tenant, connection) else { return }
        let known = Dictionary(metrics.map { ($0.number, $0.series) }) { one, _ in one }
        for metric in try StoredMetric.all(of: stream, function, in: tenant, connection) where metric.series > known[metric.number] ?? 0 {
            try StoredMetric.eachChunk(of: metric.number, from: known[metric.number] ?? 0, connection) { first, dimensions in
                learn(metric: metric.number, name: Array(metric.name.utf8), first: first, dimensions)
            }
        }
    }
}

/// One batch on its way into the tables.
private struct IngestTransaction {
    let stream: DataStream.Locked
    let function: MetricFunction
    let now: Timestamp
    let connection: Connection
    var learnt = PointIngest.Learnt()
    /// Metrics of the batch: those of the book first, then those it did not know.
    private var metrics: [MetricChange] = []

    init(stream: DataStream.Locked, function: MetricFunction, now: Timestamp, connection: Connection) {
        (self.stream, self.function, self.now, self.connection) = (stream, function, now, connection)
    }

    mutating func store(_ batch: PointBatch) throws -> IngestCount {
        metrics = batch.resolution.metrics.map { MetricChange(number: $0.number) }
        let series = try series(of: batch)
        let slices = batch.slices(series: series)
        let known = try known(slices)
        var count = IngestCount()
        for (place, slice) in slices.enumerated() {
            let created = known[place] ? 0 : try mark(slice)
            count.created += created
            count.updated += slice.points.count - created
            if created > 0 { metrics[slice.metric].add(created, slice) }
            try connection.execute(
                "INSERT INTO point_runs (metric, day, run, points, written_at, data) VALUES (?, ?, ?, ?, ?, ?)",
                metrics[slice.metric].number, slice.day, stream.runs + 1, slice.points.count, now, slice.points.blob)
            try LatePoints.note(slice, of: metrics[slice.metric].number, run: stream.runs + 1, at: now, connection)
        }
        for metric in metrics where metric.created > 0 { try save(metric) }
        try connection.execute(
            "UPDATE streams SET runs = runs + 1 WHERE workspace = ? AND mode = ? AND id = ?", stream.tenant.workspace, stream.tenant.mode,
            stream.id)
        return count
    }

    /// Which slices hold no point that is new. Points that are sent again lie a few to a day, over many days: one look for all days of a metric
    /// costs a third of one for each.
    private func known(_ slices: [DaySlice]) throws -> [Bool] {
        var known = Array(repeating: false, count: slices.count)
        for (metric, places) in Dictionary(grouping: slices.indices, by: { slices[$0].metric }) {
            let days = Dictionary(uniqueKeysWithValues: places.map { (slices[$0].day, $0) })
            guard let first = days.keys.min(), let last = days.keys.max(), days.count > 4, last - first < days.count * 4 else { continue }
            var found: [Int: Int] = [:]
            try PointHours.forEach(metrics[metric].number, from: first, through: last, connection) { day, block, bits in
                guard let place = days[day] else { return }
                let members = PointHours.members(of: slices[place].points.keys[...], in: block)
                if try BitSet.holds(members, in: bits) { found[place, default: 0] += members.count }
            }
            for (place, count) in found where count == slices[place].points.count { known[place] = true }
        }
        return known
    }

    /// Sets the bits of the slice's points; answers how many were not set.
    private func mark(_ slice: DaySlice) throws -> Int {
        let metric = metrics[slice.metric].number
        var created = 0
        var rest = slice.points.keys[...]
        while let first = rest.first {
            let block = Int(first) / PointHours.blockSize
            let members = PointHours.members(of: rest, in: block)
            rest = rest.dropFirst(members.count)
            var bits = BitSet()
            let isKnown = try PointHours.read(metric, slice.day, block, connection) { stored in
                if try BitSet.holds(members, in: stored) { return true }
                bits = try BitSet(stored, below: PointHours.blockSize)
                return false
            }
            if isKnown == true { continue }
            for member in members where bits.insert(member) { created += 1 }
            try PointHours.write(bits, metric, slice.day, block, connection)
        }
        return created
    }

    private func save(_ metric: MetricChange) throws {
        try connection.execute(
            """
            UPDATE point_metrics SET points = points + ?, first_hour = CASE WHEN first_hour > ? THEN ? ELSE first_hour END, \
            last_hour = CASE WHEN last_hour < ? THEN ? ELSE last_hour END WHERE workspace = ? AND mode = ? AND number = ?
            """, metric.created, metric.first, metric.first, metric.last, metric.last, stream.tenant.workspace, stream.tenant.mode,
            metric.number)
    }

    // MARK: Series the book does not know

    private mutating func series(of batch: PointBatch) throws -> [UInt64] {
        let strangers = batch.resolution.strangers
        guard !strangers.isEmpty else { return batch.resolution.series }
        var found = [UInt64](repeating: 0, count: strangers.count)
        for (name, places) in Dictionary(grouping: strangers.indices, by: { strangers[$0].name }).sorted(by: { $0.value[0] < $1.value[0] })
        {
            let slot = try slot(of: name, batch)
            let numbers = try numbers(of: places.map { strangers[$0].dimensions }, metric: slot, name, batch)
            for (place, number) in zip(places, numbers) { found[place] = UInt64(slot) << 32 | UInt64(number) }
        }
        return batch.resolution.series.map { series in
            series & SeriesBook.Resolution.strange == 0 ? series : found[Int(series & ~SeriesBook.Resolution.strange)]
        }
    }

    /// The place of the metric in `metrics`; makes the metric where there is none of that name.
    private mutating func slot(of name: [UInt8], _ batch: PointBatch) throws -> Int {
        if let known = batch.resolution.metrics.firstIndex(where: { $0.name == name }) { return known }
        let text = String(decoding: name, as: UTF8.self)
        let stored = try StoredMetric.find(text, of: stream.id, function, in: stream.tenant, connection)
        metrics.append(
            MetricChange(number: try stored?.number ?? StoredMetric.make(text, of: stream.id, function, in: stream.tenant, connection)))
        return metrics.count - 1
    }

    private mutating func numbers(
        of wanted: [Dimensions], metric slot: Int, _ name: [UInt8], _ batch: PointBatch
    ) throws -> [Int] {
        let metric = metrics[slot].number
        let inBook = slot < batch.resolution.metrics.count ? batch.resolution.metrics[slot].series : 0
        var known: [Dimensions: Int] = [:]
        var next = inBook
        try StoredMetric.eachChunk(of: metric, from: inBook, connection) { first, dimensions in
            for (place, entry) in dimensions.enumerated() { known[entry] = first + place }
            next = first + dimensions.count
            learnt.series.append((metric, name, first, dimensions))
        }
        let fresh = wanted.filter { known[$0] == nil }
        guard next + fresh.count <= PointColumns.mostSeries else {
            throw IngestRefusal.field("/data", "series", "would give a metric more than \(PointColumns.mostSeries) series").problem
        }
        if !fresh.isEmpty {
            try StoredMetric.add(fresh, to: metric, from: next, in: stream.tenant, connection)
            learnt.series.append((metric, name, next, fresh))
            for (place, entry) in fresh.enumerated() { known[entry] = next + place }
        }
        return wanted.compactMap { known[$0] }
    }
}

/// What a batch does to a metric.
private struct MetricChange {
    let number: Int64
    var created = 0
    var first = Int.max
    var last = Int.min

    init(number: Int64) { self.number = number }

    mutating func add(_ created: Int, _ slice: DaySlice) {
        self.created += created
        // Exact enough for a day: hours of resent points are inside already.
        for key in slice.points.keys {
            let hour = slice.day * 24 + Int(key % 24)
            first = min(first, hour)
            last = max(last, hour)
        }
    }
}

/// Which hours of which series are there: for 1,024 series and a day one set of bits.
enum PointHours {
    static let blockSize = 1024 * 24

    /// Of keys that rise, the bits in that block.
    static func members(of keys: ArraySlice<UInt32>, in block: Int) -> [Int] {
        let first = keys.drop { Int($0) / blockSize < block }
        return first.prefix { Int($0) / blockSize == block }.map { Int($0) % blockSize }
    }

    /// Lends a `BitSet`; nil while there is none.
    static func read<Result>(
        _ metric: Int64, _ day: Int, _ block: Int, _ connection: Connection, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        try connection.row("SELECT bits FROM point_hours WHERE metric = ? AND day = ? AND block = ?", metric, day, block) { row in
            try row.withBlob(0, body)
        }
    }

    /// Lends the sets of days that follow each other.
    static func forEach(
        _ metric: Int64, from first: Int, through last: Int, _ connection: Connection,
        _ body: (_ day: Int, _ block: Int, _ bits: UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try connection.forEachRow(
            "SELECT day, block, bits FROM point_hours WHERE metric = ? AND day BETWEEN ? AND ?", metric, first, last
        ) { row in try row.withBlob(2) { try body(row.integer(0), row.integer(1), $0) } }
    }

    static func write(_ bits: BitSet, _ metric: Int64, _ day: Int, _ block: Int, _ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO point_hours (metric, day, block, bits) VALUES (?, ?, ?, ?)
            ON CONFLICT (metric, day, block) DO UPDATE SET bits = excluded.bits
            """, metric, day, block, bits.blob)
    }
}
