import Kernel

/// What a column of a bill refuses. Looked at once for each distinct text, not once for each row.
struct FocusCheck: Sendable {
    struct Complaint: Error {
        let text: String
    }

    private enum Rule {
        case category
        case tags
        case none
    }

    let refusesNull: Bool
    private let rule: Rule

    /// A row without these belongs nowhere: no account, no moment, no money.
    private static let neverNull: Set<String> = [
        "BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodStart", "ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd",
    ]
    private static let categories: Set<String> = ["Usage", "Purchase", "Tax", "Credit", "Adjustment"]

    init(_ column: String) {
        refusesNull = Self.neverNull.contains(column)
        rule = column == "ChargeCategory" ? .category : column == "Tags" ? .tags : .none
    }

    func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(Complaint) {
        guard bytes.allSatisfy({ $0 < 0x80 }) || String(validating: bytes, as: UTF8.self) != nil else {
            throw Complaint(text: "is not UTF-8")
        }
        switch rule {
        case .none: return
        case .category:
            guard Self.categories.contains(String(decoding: bytes, as: UTF8.self)) else {
                throw Complaint(text: "is no charge category; there are Usage, Purchase, Tax, Credit and Adjustment")
            }
        case .tags:
            guard let members = (try? JSONParser.parse(bytes))?.members else { throw Complaint(text: "is no JSON object") }
            guard members.allSatisfy({ $0.value.array == nil && $0.value.members == nil }) else {
                throw Complaint(text: "is no flat JSON object")
            }
        }
    }
}
