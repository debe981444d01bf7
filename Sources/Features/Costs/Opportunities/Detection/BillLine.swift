import Kernel

/// What the detectors look at in a row of a bill.
struct BillLine {
    let category: String
    let frequency: String?
    let account: String?
    let service: String?
    let region: String?
    let resource: String?
    let resourceName: String?
    let commitment: String?
    let commitmentName: String?
    let isUnused: Bool
    let tags: String?
    /// Usage of a resource of which `tags` say nothing: null, or an object without a value that is not null.
    let isUntaggedUsage: Bool
    let effective: ExactDecimal
    /// Nil when the bill does not say.
    let consumed: ExactDecimal?
}

extension LatestBill {
    /// Goes through the rows that are billed in US dollars and have an effective cost, in the order they came in.
    func eachLine(_ body: (BillLine) -> Void) throws {
        for segment in segments {
            let currency = try segment.text("BillingCurrency")
            let isDollar = currency.map { $0 == "USD" }
            let effective = try segment.decimal("EffectiveCost")
            let consumed = try segment.decimal("ConsumedQuantity")
            func texts(_ name: String) throws -> (Int) -> String? {
                let column = try segment.text(name)
                let distinct = column.map(\.self)
                return { distinct[column.code($0)] }
            }
            let (category, frequency) = (try texts("ChargeCategory"), try texts("ChargeFrequency"))
            let (account, service, region) = (try texts("SubAccountId"), try texts("ServiceName"), try texts("RegionId"))
            let (resource, resourceName) = (try texts("ResourceId"), try texts("ResourceName"))
            let (commitment, commitmentName) = (try texts("CommitmentDiscountId"), try texts("CommitmentDiscountName"))
            let (status, tags) = (try texts("CommitmentDiscountStatus"), try segment.text("Tags"))
            let tagTexts = tags.map(\.self)
            var saysNothing = [Bool?](repeating: nil, count: tagTexts.count)
            func isUntagged(_ row: Int) -> Bool {
                let code = tags.code(row)
                if let known = saysNothing[code] { return known }
                let members = tagTexts[code].flatMap { try? JSONParser.parse($0.utf8) }?.members ?? []
                let found = members.allSatisfy { $0.value == .null }
                saysNothing[code] = found
                return found
            }
            for row in 0..<segment.rows where isDollar[currency.code(row)] && !effective.isNull(row) {
                body(
                    BillLine(
                        category: category(row) ?? "", frequency: frequency(row), account: account(row), service: service(row),
                        region: region(row), resource: resource(row), resourceName: resourceName(row), commitment: commitment(row),
                        commitmentName: commitmentName(row), isUnused: status(row) == "Unused", tags: tagTexts[tags.code(row)],
                        isUntaggedUsage: category(row) == "Usage" && resource(row) != nil && isUntagged(row), effective: effective[row],
                        consumed: consumed.isNull(row) ? nil : consumed[row]))
            }
        }
    }
}
