package import Kernel
package import Storage

/// Reading points: what unit metrics, alerts and charts ask.
package enum Points {
    /// What to add up.
    package struct Question: Sendable {
        /// Nil for all streams of the tenant.
        package var stream: DataStreamID?
        package var metric: String
        package var function: MetricFunction
        /// Each dimension must have one of the values.
        package var filters: [(dimension: String, values: [String])] = []
        /// The dimension to part by; series without it are a group of their own.
        package var group: String?
        package var buckets: BucketCalendar

        package init(stream: DataStreamID?, metric: String, function: MetricFunction, buckets: BucketCalendar) {
            self.stream = stream
            self.metric = metric
            self.function = function
            self.buckets = buckets
        }
    }

    /// One line of a chart.
    package struct Line: Sendable {
        /// The dimension's value; nil where nothing is parted, and for series without it.
        package let group: String?
        /// For each bucket.
        package let cells: [Combined]
        package let total: Combined
    }

    /// All series that share name and function are combined with that function, over dimension values and over the hours of a bucket; an
    /// average is the mean of the points, each counting once. By group, those without the dimension first.
    ///
    /// `copies` is what a point store answered to the same question (`PointReader`); it changes nothing but where days are read.
    package static func aggregate(
        _ question: Question, copies: CopiedAnswer = .none, in tenant: Tenant, _ connection: Connection
    ) throws -> [Line] {
        var sums = Sums(question, copies)
        for metric in try metrics(question, in: tenant, connection) { try sums.add(metric, connection) }
        return sums.lines
    }

    static func metrics(_ question: Question, in tenant: Tenant, _ connection: Connection) throws -> [StoredMetric] {
        if let stream = question.stream {
            return try StoredMetric.find(question.metric, of: stream, question.function, in: tenant, connection).map { [$0] } ?? []
        }
        return try StoredMetric.find(question.metric, question.function, in: tenant, connection)
    }
}

extension Points {
    /// The state of one aggregation.
    struct Sums {
        let question: Question
        let copies: CopiedAnswer
        let function: MetricFunction
        let buckets: BucketCalendar
        private var groups: [String?: Int] = [:]
        private(set) var names: [String?] = []
        /// Group after group, a cell for each bucket.
        private var cells: [Combined] = []
        /// What each group comes to in the day that is being read.
        private var ofDay: [Combined] = []

        init(_ question: Question, _ copies: CopiedAnswer) {
            self.question = question
            self.copies = copies
            function = question.function
            buckets = question.buckets
            if question.group == nil { _ = number(of: nil) }
        }

        private mutating func number(of group: String?) -> Int {
            if let known = groups[group] { return known }
            groups[group] = names.count
            names.append(group)
            cells.append(contentsOf: repeatElement(Combined(), count: buckets.count))
            return names.count - 1
        }

        var lines: [Line] {
            names.indices.map { group in
                let own = Array(cells[group * buckets.count..<(group + 1) * buckets.count])
                var total = Combined()
                for cell in own { total.add(cell, function) }
                return Line(group: names[group], cells: own, total: total)
            }.filter { question.group == nil || $0.total.count > 0 }.sorted { one, other in
                guard let first = one.group else { return other.group != nil }
                return other.group.map { first.utf8.lexicographicallyPrecedes($0.utf8) } ?? false
            }
        }

        /// All series are one group.
        private var isWhole: Bool { question.group == nil && question.filters.isEmpty }
        /// Whole days inside one bucket are read as their totals.
        var readsTotals: Bool { isWhole && buckets.isOfWholeDays }

        /// The first and last day that both the question and the metric reach.
        func days(of metric: StoredMetric) -> (first: Int, last: Int)? {
            guard buckets.count > 0, metric.points > 0 else { return nil }
            let from = max(buckets.bounds[0], metric.first)
            let to = min(buckets.bounds[buckets.count] - 1, metric.last)
            return from <= to ? (from.floorDivided(by: 24), to.floorDivided(by: 24)) : nil
        }

        mutating func add(_ metric: StoredMetric, _ connection: Connection) throws {
            guard let (first, last) = days(of: metric) else { return }
            if readsTotals { return try addTotals(metric, first, last, connection) }
            let places = try places(of: metric, connection)
            if !places.isEmpty, places.allSatisfy({ $0 < 0 }) { return }
            if !isWhole, places.isEmpty { return }
            var next = first
            for (day, copied) in try copied(metric, from: first, through: last, connection) {
                if next < day { try addStored(metric, next, day - 1, places, connection) }
                add(copied, of: day, metric, places)
                next = day + 1
            }
            if next <= last { try addStored(metric, next, last, places, connection) }
        }

        private mutating func addStored(
            _ metric: StoredMetric, _ first: Int, _ last: Int, _ places: [Int32], _ connection: Connection
        ) throws {
            try PointDays.each(of: metric.number, from: first, through: last, asPoints: !buckets.isOfWholeDays, connection) { day in
                try add(day, metric, places, connection)
            }
        }

        /// For each series its group, −1 where a filter leaves it out; empty where all are one.
        mutating func places(of metric: StoredMetric, _ connection: Connection) throws -> [Int32] {
            if isWhole { return [] }
            var places: [Int32] = []
            places.reserveCapacity(metric.series)
            try StoredMetric.eachCodedChunk(of: metric.number, connection) { chunk in
                let isGroup = chunk.names.entries.map { $0 == question.group }
                let filterOfName = chunk.names.entries.map { name in question.filters.firstIndex { $0.dimension == name } ?? -1 }
                var groupOfValue = [Int32](repeating: -1, count: chunk.values.entries.count)
                let isWanted = question.filters.map { filter in
                    let wanted = Set(filter.values)
                    return chunk.values.entries.map { wanted.contains($0) }
                }
                var pair = 0
                for count in chunk.counts {
                    var fulfilled = 0
                    var value: Int?
                    for _ in 0..<count {
                        let name = chunk.names.places[pair]
                        let filter = filterOfName[name]
                        if filter >= 0, isWanted[filter][chunk.values.places[pair]] { fulfilled += 1 }
                        if isGroup[name] { value = chunk.values.places[pair] }
                        pair += 1
                    }
                    guard fulfilled == question.filters.count else {
                        places.append(-1)
                        continue
                    }
                    guard let value else {
                        places.append(Int32(number(of: nil)))
                        continue
                    }
                    if groupOfValue[value] < 0 { groupOfValue[value] = Int32(number(of: chunk.values.entries[value])) }
                    places.append(groupOfValue[value])
                }
            }
            return places
        }

        // MARK: All series as one

        /// Days without newer runs from their totals, the rest from rollups and points: all in the order of days, since a sum of doubles depends on
        /// its order and must not change when a day is folded.
        private mutating func addTotals(_ metric: StoredMetric, _ first: Int, _ last: Int, _ connection: Connection) throws {
            var open = Set(
                try connection.rows(
                    "SELECT DISTINCT day FROM point_runs WHERE metric = ? AND day BETWEEN ? AND ?", metric.number, first, last
                ) { $0.integer(0) })
            for day in first...last where bucket(ofWhole: day) == nil { open.insert(day) }
            var totals: [(day: Int, total: Combined)] = []
            try connection.forEachRow(
                "SELECT day, points, total FROM point_days WHERE metric = ? AND day BETWEEN ? AND ? ORDER BY day", metric.number, first,
                last
            ) { row in
                let day = row.integer(0)
                guard !open.contains(day) else { return }
                let amount = Double(bitPattern: UInt64(bitPattern: Int64(row.integer(2))))
                totals.append((day, Combined(count: row.integer(1), amount: amount)))
            }
            var rest = totals[...]
            for day in open.sorted() {
                add(rest.prefix { $0.day < day })
                rest = rest.drop { $0.day < day }
                try PointDays.each(of: metric.number, from: day, through: day, asPoints: true, connection) {
                    try add($0, metric, [], connection)
                }
            }
            add(rest)
        }

        private mutating func add(_ totals: ArraySlice<(day: Int, total: Combined)>) {
            for (day, total) in totals {
                if let bucket = bucket(ofWhole: day) { cells[bucket].add(total, function) }
            }
        }

        /// The bucket that holds all 24 hours of a day; nil where a boundary or an end of the question runs through it.
        func bucket(ofWhole day: Int) -> Int? {
            let hour = day * 24
            guard hour >= buckets.bounds[0], hour + 24 <= buckets.bounds[buckets.count] else { return nil }
            let bucket = buckets.bucket(of: hour)
            return hour + 24 <= buckets.bounds[bucket + 1] ? bucket : nil
        }

        // MARK: One day

        /// Without `places` all series are the one group.
        private mutating func add(_ day: PointDay, _ metric: StoredMetric, _ places: [Int32], _ connection: Connection) throws {
            if let bucket = bucket(ofWhole: day.day) {
                let rollup =
                    if let known = day.rollup { known } else { DayRollup(of: try day.points(), function) }
                return add(rollup, to: bucket, places)
            }
            // The rollup does not say which hours: the points must.
            let points =
                if day.rollup == nil { try day.points() } else {
                    try PointDays.base(of: metric.number, day.day, connection) ?? PointColumns()
                }
            add(points, of: day.day, places)
        }

        private mutating func add(_ rollup: DayRollup, to bucket: Int, _ places: [Int32]) {
            guard !places.isEmpty else { return cells[bucket].add(rollup.total(function), function) }
            // A day comes into a cell as one sum, as it does where all series are one.
            ofDay.removeAll(keepingCapacity: true)
            ofDay.append(contentsOf: repeatElement(Combined(), count: names.count))
            ofDay.withUnsafeMutableBufferPointer { ofDay in
                places.withUnsafeBufferPointer { places in
                    rollup.eachSeries { series, part in
                        guard Int(series) < places.count, places[Int(series)] >= 0 else { return }
                        ofDay[Int(places[Int(series)])].add(part, function)
                    }
                }
            }
            for (group, part) in ofDay.enumerated() where part.count > 0 { cells[group * buckets.count + bucket].add(part, function) }
        }

        mutating func add(_ combined: Combined, _ group: String?, _ bucket: Int) {
            let group = number(of: group)
            cells[group * buckets.count + bucket].add(combined, function)
        }

        mutating func add(_ points: PointColumns, of day: Int, _ places: [Int32]) {
            let bucketOfHour = (0..<24).map { hour in
                let hour = day * 24 + hour
                return hour < buckets.bounds[0] || hour >= buckets.bounds[buckets.count] ? -1 : buckets.bucket(of: hour)
            }
            for place in 0..<points.count {
                let key = Int(points.keys[place])
                let bucket = bucketOfHour[key % 24]
                guard bucket >= 0 else { continue }
                let series = key / 24
                let group = places.isEmpty ? 0 : series < places.count ? Int(places[series]) : -1
                if group >= 0 { cells[group * buckets.count + bucket].add(points.values[place], function) }
            }
        }
    }
}
