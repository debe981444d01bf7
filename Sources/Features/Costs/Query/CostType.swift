import Kernel

/// Which of a row's costs is summed up (contracts/costs.md 4.1). FOCUS's costs are already after discounts, so the net ones are the same.
package enum CostType: Sendable, Equatable {
    case unblended
    case publicPrice
    case contracted
    case netUnblended
    case amortized
    case netAmortized
    case blended
    /// A cost column of the workspace.
    case column(Int64)

    /// As answers write them.
    static let names = ["Unblended", "Public", "Contracted", "Net", "NetUnblended", "Amortized", "NetAmortized", "Blended"]

    /// Any case, with or without ` Cost`; digits are a cost column. Nil for another word.
    package init?(_ text: String) {
        if let id = Int64(text), id > 0, text.allSatisfy(\.isNumber) {
            self = .column(id)
            return
        }
        var word = text.lowercased().filter { $0.isLetter }
        if word.hasSuffix("cost") { word.removeLast(4) }
        switch word {
        case "unblended": self = .unblended
        case "public": self = .publicPrice
        case "contracted", "net": self = .contracted
        case "netunblended": self = .netUnblended
        case "amortized", "amortised": self = .amortized
        case "netamortized", "netamortised": self = .netAmortized
        case "blended": self = .blended
        default: return nil
        }
    }

    package var name: String {
        switch self {
        case .unblended: "Unblended"
        case .publicPrice: "Public"
        case .contracted: "Contracted"
        case .netUnblended: "NetUnblended"
        case .amortized: "Amortized"
        case .netAmortized: "NetAmortized"
        case .blended: "Blended"
        case .column(let id): String(id)
        }
    }

    /// The column and the rows left out of it, for the types that are a column.
    func measure(amortized: Bool) -> Measure? {
        switch self {
        case .unblended, .netUnblended: Measure(column: amortized ? "EffectiveCost" : "BilledCost", leavesOut: nil)
        case .amortized, .netAmortized: Measure(column: "EffectiveCost", leavesOut: nil)
        case .publicPrice: Measure(column: "ListCost", leavesOut: amortized ? .prepaidPurchases : .coveredUsage)
        case .contracted: Measure(column: "ContractedCost", leavesOut: amortized ? .prepaidPurchases : .coveredUsage)
        case .blended, .column: nil
        }
    }
}

/// A FOCUS cost, and what keeps commitments from being counted twice in it.
struct Measure: Sendable, Equatable {
    enum Guard: Sendable, Equatable {
        /// Usage that is billed nothing and costs something.
        case coveredUsage
        /// Purchases that are billed and cost nothing.
        case prepaidPurchases
    }

    let column: String
    let leavesOut: Guard?
}

extension Measure.Guard {
    /// Clears the rows that it leaves out.
    func apply(_ segment: SegmentReader, to selected: inout [Bool]) throws {
        let categories = try segment.text("ChargeCategory")
        let billed = try segment.decimal("BilledCost")
        let effective = try segment.decimal("EffectiveCost")
        let wanted = categories.map { $0 == (self == .coveredUsage ? "Usage" : "Purchase") }
        for row in 0..<segment.rows where selected[row] && wanted[categories.code(row)] {
            guard !billed.isNull(row), !effective.isNull(row) else { continue }
            let leftOut =
                switch self {
                case .coveredUsage: billed.isZero(row) && !effective.isZero(row)
                case .prepaidPurchases: !billed.isZero(row) && !billed.isNegative(row) && effective.isZero(row)
                }
            if leftOut { selected[row] = false }
        }
    }
}
