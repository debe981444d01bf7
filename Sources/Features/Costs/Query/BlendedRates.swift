import Kernel

/// Blended cost, which FOCUS does not know: usage of the same SKU in the same region and billing account has one rate in a bucket, what was
/// billed for it divided by its quantity.
///
/// The quotient is rounded to 18 places; what is left over goes to the row with the largest quantity (the first of several), so that blended
/// costs add up to what was billed. Rates are those of all rows, whatever is filtered. Rows other than usage, without a SKU, or of a total
/// quantity of zero cost what was billed.
struct BlendedRates {
    private struct Key: Hashable {
        let account: String?
        let sku: String?
        let region: String?
        let bucket: Int
    }

    fileprivate struct Pool {
        var billed = ExactDecimal.zero
        var quantity = ExactDecimal.zero
        var largest: (quantity: ExactDecimal, segment: String, row: Int)?
        var rate: ExactDecimal?
        var rest = ExactDecimal.zero
    }

    private var pools: [Key: Pool] = [:]
    private let currency: String

    init(_ segments: [SegmentReader], _ query: CostQuery, _ buckets: [Bucket]) throws {
        currency = query.currency
        for segment in segments {
            guard let places = try RowBuckets(segment, buckets) else { continue }
            var selected = places.inside
            _ = try CostScan.clearOtherCurrencies(segment, currency, &selected)
            let row = try Rows(segment)
            for number in selected.indices where selected[number] {
                guard let key = row.key(number, places.bucket(number)) else { continue }
                pools[key, default: Pool()].add(billed: row.billed[number], quantity: row.quantity[number], segment.name, number)
            }
        }
        for key in Array(pools.keys) { pools[key]?.settle() }
    }

    func amounts(_ segment: SegmentReader) throws -> RowAmounts {
        let rows = try Rows(segment)
        let name = segment.name
        return { row, bucket in
            guard !rows.billed.isNull(row) else { return nil }
            guard let key = rows.key(row, bucket), let pool = pools[key], let rate = pool.rate else { return rows.billed[row] }
            let cost = rate * rows.quantity[row]
            guard let largest = pool.largest, largest.row == row, largest.segment == name else { return cost }
            return cost + pool.rest
        }
    }

    /// The columns that decide.
    private struct Rows {
        let accounts: TextColumn
        let skus: TextColumn
        let regions: TextColumn
        let categories: TextColumn
        let names: (accounts: [String?], skus: [String?], regions: [String?])
        let isUsage: [Bool]
        let billed: DecimalColumn
        let quantity: DecimalColumn

        init(_ segment: SegmentReader) throws {
            accounts = try segment.text("BillingAccountId")
            skus = try segment.text("SkuId")
            regions = try segment.text("RegionId")
            categories = try segment.text("ChargeCategory")
            names = (accounts.map(\.self), skus.map(\.self), regions.map(\.self))
            isUsage = categories.map { $0 == "Usage" }
            billed = try segment.decimal("BilledCost")
            quantity = try segment.decimal("PricingQuantity")
        }

        func key(_ row: Int, _ bucket: Int) -> Key? {
            guard isUsage[categories.code(row)], let sku = names.skus[skus.code(row)] else { return nil }
            return Key(account: names.accounts[accounts.code(row)], sku: sku, region: names.regions[regions.code(row)], bucket: bucket)
        }
    }
}

extension BlendedRates.Pool {
    fileprivate mutating func add(billed: ExactDecimal, quantity: ExactDecimal, _ segment: String, _ row: Int) {
        self.billed += billed
        self.quantity += quantity
        if let largest, largest.quantity >= quantity { return }
        largest = (quantity, segment, row)
    }

    fileprivate mutating func settle() {
        guard !quantity.isZero else { return }
        let rate = billed.divided(by: quantity)
        self.rate = rate
        rest = billed - rate * quantity
    }
}
