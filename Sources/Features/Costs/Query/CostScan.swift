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
        let combination = try Combination(segment, query.groupBy, selected, places)
        if let measure {
            try addColumn(segment.decimal(measure.column), combination)
        } else {
            try addComputed(segment, combination, places)
        }
    }

    /// Every row that runs through the span, a part of it in each bucket.
    private mutating func addSpread(_ segment: SegmentReader) throws {
        guard let shares = try ChargeShares(segment, buckets), let selected = try counted(segment, shares.inside) else { return }
        let combination = try Combination(segment, query.groupBy, selected)
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
        var spilled = [ExactDecimal](repeating: .zero, count: column.isNarrow ? 0 : combination.count)
        // Without nulls every place has a row that counts: it is there because of one.
        var touched = [Bool](repeating: column.nulls.isEmpty, count: combination.count)
        var missing = 0
        switch column.mantissas {
        // 32,768 numbers of 64 bits cannot overflow 128.
        case .narrow(let values) where column.nulls.isEmpty:
            sums.withUnsafeMutableBufferPointer { sums in
                values.withUnsafeBufferPointer { values in combination.each { sums[$1] &+= Int128(values[$0]) } }
            }
        default:
            combination.each { row, place in
                if column.isNull(row) {
                    missing += 1
                    return
                }
                touched[place] = true
                if case .narrow(let values) = column.mantissas {
                    sums[place] &+= Int128(values[row])
                } else {
                    spilled[place] += column[row]
                }
            }
        }
        rows += combination.rows.count - missing
        nullRows += missing
        for place in sums.indices where touched[place] {
            add(column.isNarrow ? ExactDecimal(mantissa: sums[place], scale: column.scale) : spilled[place], to: combination, at: place)
        }
    }

    /// Costs that are worked out row by row.
    private mutating func addComputed(_ segment: SegmentReader, _ combination: Combination, _ buckets: RowBuckets) throws {
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
            guard let cost = amounts(Int(row), buckets.bucket(Int(row))) else {
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
