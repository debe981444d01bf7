import Kernel

/// Goes through segments and adds up. Filters and buckets are decided once for each distinct value; a row then costs a few look-ups and
/// one addition of whole numbers.
struct CostScan {
    private let query: CostQuery
    private let buckets: [Bucket]
    private let measure: Measure?
    var rates: BlendedRates?
    private(set) var rows = 0
    private(set) var nullRows = 0
    private(set) var otherCurrencyRows = 0
    /// Distinct values of each dimension, over all segments.
    private var values: [[String?: Int]]
    private var index: [[Int]: Int] = [:]
    private var keys: [[String?]] = []
    private var costs: [ExactDecimal] = []

    init(_ query: CostQuery, _ buckets: [Bucket]) {
        self.query = query
        self.buckets = buckets
        measure = query.type.measure(amortized: query.amortized)
        values = query.groupBy.map { _ in [:] }
    }

    var sums: CostSums {
        let count = buckets.count
        let groups = keys.enumerated().map { number, key in
            CostSums.Group(key: key, costs: Array(costs[(number * count)..<((number + 1) * count)]))
        }
        return CostSums(groups: groups, rows: rows, nullRows: nullRows, otherCurrencyRows: otherCurrencyRows)
    }

    mutating func add(_ segment: SegmentReader) throws {
        if query.isSpread { return try addSpread(segment) }
        guard let places = try RowBuckets(segment, buckets) else { return }
        guard let selected = try counted(segment, places.inside) else { return }
        let combination = try Combination(segment, query.groupBy, selected) { places.bucket($0) }
        if let measure {
            try addColumn(segment.decimal(measure.column), combination)
        } else {
            try addComputed(segment, combination)
        }
    }

    /// Every row that runs through the span, a part of it in each bucket.
    private mutating func addSpread(_ segment: SegmentReader) throws {
        guard let shares = try ChargeShares(segment, buckets), let selected = try counted(segment, shares.inside) else { return }
        let combination = try Combination(segment, query.groupBy, selected) { _ in 0 }
        guard let amounts = try amounts(segment) else { return }
        var sums = [[Int: ExactDecimal]](repeating: [:], count: combination.count)
        for (position, row) in combination.rows.enumerated() {
            guard let cost = amounts(Int(row), 0) else {
                nullRows += 1
                continue
            }
            rows += 1
            let place = Int(combination.places[position])
            shares.split(cost, Int(row)) { sums[place][$0, default: .zero] += $1 }
        }
        for (place, buckets) in sums.enumerated() {
            let texts = combination.meaning(of: place).texts
            for (bucket, sum) in buckets { add(sum, texts, in: bucket) }
        }
    }

    /// What each row costs, of a measure or a formula.
    private func amounts(_ segment: SegmentReader) throws -> RowAmounts? {
        guard let measure else { return try query.formula?.amounts(segment, amortized: query.amortized) }
        let column = try segment.decimal(measure.column)
        return { row, _ in column.isNull(row) ? nil : column[row] }
    }

    /// Of the rows of the span those that count; nil when none passes the filters.
    private mutating func counted(_ segment: SegmentReader, _ inside: [Bool]) throws -> [Bool]? {
        guard var selected = try selection(segment, inside) else { return nil }
        otherCurrencyRows += try Self.clearOtherCurrencies(segment, query.currency, &selected)
        for exclusion in query.exclude { try exclusion.apply(segment, amortized: query.amortized, to: &selected) }
        if let leftOut = measure?.leavesOut { try leftOut.apply(segment, to: &selected) }
        return selected
    }

    /// Rows of the span that pass every filter; nil when none does.
    private func selection(_ segment: SegmentReader, _ inside: [Bool]) throws -> [Bool]? {
        var selected = inside
        for filter in query.filters + query.visible {
            guard let mask = try filter.mask(segment) else { continue }
            for row in selected.indices where selected[row] { selected[row] = mask[row] }
        }
        return selected.contains(true) ? selected : nil
    }

    static func clearOtherCurrencies(_ segment: SegmentReader, _ currency: String, _ selected: inout [Bool]) throws -> Int {
        let column = try segment.text("BillingCurrency")
        let fits = column.map { $0 == currency }
        if column.isConstant, fits[column.code(0)] { return 0 }
        var others = 0
        for row in selected.indices where selected[row] && !fits[column.code(row)] {
            selected[row] = false
            others += 1
        }
        return others
    }

    // MARK: Adding

    private mutating func addColumn(_ column: DecimalColumn, _ combination: Combination) throws {
        var sums = [Int128](repeating: 0, count: combination.count)
        var touched = [Bool](repeating: false, count: combination.count)
        var spilled: [Int: ExactDecimal] = [:]
        var (counted, missing) = (0, 0)
        let hasNulls = !column.nulls.isEmpty
        func each(_ body: (Int, Int) -> Void) {
            for (position, row) in combination.rows.enumerated() {
                let row = Int(row)
                if hasNulls, column.nulls[row] {
                    missing += 1
                    continue
                }
                counted += 1
                let place = Int(combination.places[position])
                touched[place] = true
                body(row, place)
            }
        }
        switch column.mantissas {
        // 32,768 numbers of 64 bits cannot overflow 128.
        case .narrow(let values): values.withUnsafeBufferPointer { values in each { sums[$1] &+= Int128(values[$0]) } }
        case .wide, .exact: each { spilled[$1] = (spilled[$1] ?? .zero) + column[$0] }
        }
        rows += counted
        nullRows += missing
        for place in sums.indices where touched[place] {
            add(spilled[place] ?? ExactDecimal(mantissa: sums[place], scale: column.scale), to: combination, at: place)
        }
    }

    /// Costs that are worked out row by row.
    private mutating func addComputed(_ segment: SegmentReader, _ combination: Combination) throws {
        let amounts: RowAmounts
        if let formula = query.formula {
            amounts = try formula.amounts(segment, amortized: query.amortized)
        } else if let rates {
            amounts = try rates.amounts(segment)
        } else {
            return
        }
        var sums: [Int: ExactDecimal] = [:]
        for (position, row) in combination.rows.enumerated() {
            guard let cost = amounts(Int(row), combination.bucket[Int(row)]) else {
                nullRows += 1
                continue
            }
            rows += 1
            sums[Int(combination.places[position]), default: .zero] += cost
        }
        for (place, sum) in sums { add(sum, to: combination, at: place) }
    }

    private mutating func add(_ cost: ExactDecimal, to combination: Combination, at place: Int) {
        let (bucket, texts) = combination.meaning(of: place)
        add(cost, texts, in: bucket)
    }

    private mutating func add(_ cost: ExactDecimal, _ texts: [String?], in bucket: Int) {
        var key: [Int] = []
        for (dimension, text) in texts.enumerated() {
            let next = values[dimension].count
            key.append(values[dimension][text] ?? next)
            if key[dimension] == next { values[dimension][text] = next }
        }
        let group = index[key] ?? keys.count
        if group == keys.count {
            index[key] = group
            keys.append(texts)
            costs.append(contentsOf: repeatElement(.zero, count: buckets.count))
        }
        costs[group * buckets.count + bucket] += cost
    }
}

/// What a row costs in its bucket; nil when it lacks what is needed to tell.
typealias RowAmounts = (_ row: Int, _ bucket: Int) -> ExactDecimal?

/// In which bucket each row of a segment begins.
struct RowBuckets {
    /// By code of the charge's begin; -1 outside.
    private let byCode: [Int32]
    private let column: TimeColumn
    let inside: [Bool]

    /// Nil when no row is in any.
    init?(_ segment: SegmentReader, _ buckets: [Bucket]) throws {
        let column = try segment.time("ChargePeriodStart")
        byCode = (0..<column.cardinality).map { code in
            guard let time = column.time(code) else { return -1 }
            return Self.find(time, buckets)
        }
        guard byCode.contains(where: { $0 >= 0 }) else { return nil }
        self.column = column
        let isInside = byCode.map { $0 >= 0 }
        inside = column.codes.isEmpty ? Array(repeating: isInside[1], count: segment.rows) : column.codes.map { isInside[Int($0)] }
    }

    func bucket(_ row: Int) -> Int { Int(byCode[column.code(row)]) }

    private static func find(_ time: Timestamp, _ buckets: [Bucket]) -> Int32 {
        var (low, high) = (0, buckets.count)
        while low < high {
            let middle = (low + high) / 2
            if buckets[middle].to <= time { low = middle + 1 } else { high = middle }
        }
        guard low < buckets.count, buckets[low].from <= time else { return -1 }
        return Int32(low)
    }
}

/// Each selected row's place among the combinations of bucket and grouped values that occur in a segment.
struct Combination {
    /// The selected rows.
    let rows: [Int32]
    /// Parallel to `rows`.
    private(set) var places: [Int32]
    private(set) var count: Int
    /// Every row's bucket.
    let bucket: [Int]
    /// Bucket and codes of each place.
    private var origins: [[Int32]]
    private let columns: [TextColumn]

    init(_ segment: SegmentReader, _ dimensions: [Dimension], _ selected: [Bool], bucketOf: (Int) -> Int) throws {
        rows = selected.indices.lazy.filter { selected[$0] }.map { Int32($0) }
        bucket = (0..<segment.rows).map { bucketOf($0) }
        columns = try dimensions.map { try segment.column($0) }
        var seen: [Int: Int32] = [:]
        var origins: [[Int32]] = []
        let bucketCount = (bucket.max() ?? 0) + 1
        var table = [Int32](repeating: -1, count: bucketCount)
        places = []
        places.reserveCapacity(rows.count)
        for row in rows {
            let own = bucket[Int(row)]
            if table[own] < 0 {
                table[own] = Int32(origins.count)
                origins.append([Int32(own)])
            }
            places.append(table[own])
        }
        for column in columns where !column.isConstant {
            let width = column.cardinality
            var next: [[Int32]] = []
            if origins.count * width <= 1 << 20 {
                var table = [Int32](repeating: -1, count: origins.count * width)
                for (position, row) in rows.enumerated() {
                    let code = Int(column.codes[Int(row)])
                    let pair = Int(places[position]) * width + code
                    if table[pair] < 0 {
                        table[pair] = Int32(next.count)
                        next.append(origins[Int(places[position])] + [Int32(code)])
                    }
                    places[position] = table[pair]
                }
            } else {
                seen.removeAll(keepingCapacity: true)
                for (position, row) in rows.enumerated() {
                    let code = Int(column.codes[Int(row)])
                    let pair = Int(places[position]) * width + code
                    let place = seen[pair] ?? Int32(next.count)
                    if Int(place) == next.count {
                        seen[pair] = place
                        next.append(origins[Int(places[position])] + [Int32(code)])
                    }
                    places[position] = place
                }
            }
            origins = next
        }
        self.origins = origins
        count = origins.count
    }

    func meaning(of place: Int) -> (bucket: Int, texts: [String?]) {
        let origin = origins[place]
        var used = 1
        let texts = columns.map { column -> String? in
            guard !column.isConstant else { return column.text(column.code(0)) }
            used += 1
            return column.text(Int(origin[used - 1]))
        }
        return (Int(origin[0]), texts)
    }
}
