/// A column of FOCUS 1.0 to 1.2 (FinOps Open Cost and Usage Specification). Any other column of a bill is kept as text.
package struct FocusColumn: Sendable {
    package enum Kind: UInt8, Sendable {
        case text
        case decimal
        case time
    }

    package let name: String
    package let kind: Kind
    package let isMandatory: Bool

    /// In the order an export writes them.
    package static let all: [FocusColumn] = specification.split(separator: "\n").map { line in
        let words = line.split(separator: " ")
        let kind: Kind = words.contains("decimal") ? .decimal : words.contains("time") ? .time : .text
        return FocusColumn(name: String(words[0]), kind: kind, isMandatory: words.contains("must"))
    }

    package static let named: [String: FocusColumn] = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    package static func kind(of name: String) -> Kind { named[name]?.kind ?? .text }

    package static let mandatory = all.filter(\.isMandatory).map(\.name)

    private static let specification = """
        AvailabilityZone
        BilledCost decimal must
        BillingAccountId must
        BillingAccountName must
        BillingAccountType
        BillingCurrency must
        BillingPeriodEnd time must
        BillingPeriodStart time must
        CapacityReservationId
        CapacityReservationStatus
        ChargeCategory must
        ChargeClass must
        ChargeDescription must
        ChargeFrequency
        ChargePeriodEnd time must
        ChargePeriodStart time must
        CommitmentDiscountCategory
        CommitmentDiscountId
        CommitmentDiscountName
        CommitmentDiscountQuantity decimal
        CommitmentDiscountStatus
        CommitmentDiscountType
        CommitmentDiscountUnit
        ConsumedQuantity decimal
        ConsumedUnit
        ContractedCost decimal must
        ContractedUnitPrice decimal
        EffectiveCost decimal must
        InvoiceId
        InvoiceIssuerName must
        ListCost decimal must
        ListUnitPrice decimal
        PricingCategory
        PricingCurrency
        PricingCurrencyContractedUnitPrice decimal
        PricingCurrencyEffectiveCost decimal
        PricingCurrencyListUnitPrice decimal
        PricingQuantity decimal must
        PricingUnit must
        ProviderName must
        PublisherName must
        RegionId
        RegionName
        ResourceId
        ResourceName
        ResourceType
        ServiceCategory must
        ServiceName must
        ServiceSubcategory
        SkuId
        SkuMeter
        SkuPriceDetails
        SkuPriceId
        SubAccountId
        SubAccountName
        SubAccountType
        Tags
        """
}
