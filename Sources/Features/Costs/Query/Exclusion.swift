import Kernel

/// A word of `exclude`: rows that are left out of every sum.
package enum Exclusion: String, Sendable, CaseIterable {
    case taxes
    case credits
    case refunds
    case fees
    case discounts
    case adjustments
    case corrections
    case support
    case upfront
    case recurring
    case purchases
    case unused
    case marketplace

    /// Any case, singular or plural; nil for another word.
    init?(anyCase text: String) {
        let word = text.lowercased()
        guard let found = Self.allCases.first(where: { $0.rawValue == word || $0.singular == word }) else { return nil }
        self = found
    }

    private var singular: String {
        switch self {
        case .taxes: "tax"
        case .support, .upfront, .recurring, .unused, .marketplace: rawValue
        default: String(rawValue.dropLast())
        }
    }

    /// Parts a comma list. Throws `invalid_parameter` for a word that is none.
    package static func parse(_ text: String?, at parameter: String = "exclude") throws -> Set<Exclusion> {
        var found: Set<Exclusion> = []
        for word in (text ?? "").split(separator: ",") {
            let trimmed = word.filter { $0 != " " }
            guard let exclusion = Exclusion(anyCase: trimmed) else {
                throw Problem.invalid(
                    parameter: parameter,
                    "\(word.prefix(60)) cannot be excluded; there are \(allCases.map(\.rawValue).joined(separator: ", ")).")
            }
            found.insert(exclusion)
        }
        return found
    }

    /// Clears the rows it leaves out. With `amortized` false every purchase is a fee, else those without a commitment.
    func apply(_ segment: SegmentReader, amortized: Bool, to selected: inout [Bool]) throws {
        func drop(_ column: String, _ test: (String?) -> Bool) throws {
            try Self.drop(segment.text(column), test, &selected)
        }
        switch self {
        case .taxes: try drop("ChargeCategory") { $0 == "Tax" }
        case .credits: try drop("ChargeCategory") { $0 == "Credit" }
        case .adjustments: try drop("ChargeCategory") { $0 == "Adjustment" }
        case .purchases: try drop("ChargeCategory") { $0 == "Purchase" }
        case .corrections: try drop("ChargeClass") { $0 == "Correction" }
        case .support: try drop("ServiceSubcategory") { $0 == "Support" }
        case .unused: try drop("CommitmentDiscountStatus") { $0 == "Unused" }
        case .upfront: try dropPurchases(segment, and: "ChargeFrequency", { $0 == "One-Time" }, &selected)
        case .recurring: try dropPurchases(segment, and: "ChargeFrequency", { $0 == "Recurring" }, &selected)
        case .fees:
            if amortized {
                try dropPurchases(segment, and: "CommitmentDiscountId", { $0 == nil }, &selected)
            } else {
                try drop("ChargeCategory") { $0 == "Purchase" }
            }
        case .refunds:
            let categories = try segment.text("ChargeCategory")
            let wanted = categories.map { ["Usage", "Purchase", "Tax"].contains($0) }
            let billed = try segment.decimal("BilledCost")
            for row in 0..<segment.rows where selected[row] && wanted[categories.code(row)] && !billed.isNull(row) && billed.isNegative(row)
            {
                selected[row] = false
            }
        case .discounts:
            for column in Self.lineTypes { try drop(column) { Self.namesDiscount($0) } }
        case .marketplace:
            let publishers = try segment.text("PublisherName")
            let providers = try segment.text("ProviderName")
            let (names, others) = (publishers.map(\.self), providers.map(\.self))
            for row in 0..<segment.rows where selected[row] {
                guard let publisher = names[publishers.code(row)], let provider = others[providers.code(row)] else { continue }
                if publisher != provider { selected[row] = false }
            }
        }
    }

    /// How exports of AWS name the column that tells a line's type.
    private static let lineTypes = ["x_LineItemType", "x_LineType", "x_line_item_type", "x_line_type"]

    /// `EdpDiscount`, `BundledDiscount`; never `DiscountedUsage`.
    private static func namesDiscount(_ type: String?) -> Bool { type?.lowercased().hasSuffix("discount") ?? false }

    private static func drop(_ column: TextColumn, _ test: (String?) -> Bool, _ selected: inout [Bool]) {
        let drops = column.map(test)
        guard drops.contains(true) else { return }
        for row in selected.indices where selected[row] && drops[column.code(row)] { selected[row] = false }
    }

    private func dropPurchases(_ segment: SegmentReader, and column: String, _ test: (String?) -> Bool, _ selected: inout [Bool]) throws {
        let categories = try segment.text("ChargeCategory")
        let isPurchase = categories.map { $0 == "Purchase" }
        let other = try segment.text(column)
        let fits = other.map(test)
        for row in selected.indices where selected[row] && isPurchase[categories.code(row)] && fits[other.code(row)] {
            selected[row] = false
        }
    }
}
