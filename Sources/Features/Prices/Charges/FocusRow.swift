import Kernel
import Web

/// A charge as a row of FOCUS 1.2 (FinOps Open Cost and Usage Specification): one column after the other, with the official name.
///
/// We sell at one price and give no discounts, so the four costs are the same, as are the unit prices.
struct FocusRow {
    enum Value: Sendable {
        case text(String?)
        case decimal(ExactDecimal)
        case time(Timestamp)
        /// An object of texts, as JSON.
        case tags(String)
    }

    struct Column: Sendable {
        let name: String
        let value: @Sendable (Charge.Named) -> Value

        /// `BilledCost` → `billed_cost`.
        var snakeCase: String {
            name.reduce(into: "") { text, character in
                if character.isUppercase, !text.isEmpty { text += "_" }
                text += character.lowercased()
            }
        }
    }

    static let columns: [Column] = [
        .init(name: "BilledCost") { .decimal($0.charge.cost) },
        .init(name: "BillingAccountId") { .text($0.charge.consumer.account.rawValue) },
        .init(name: "BillingCurrency") { .text($0.charge.currency) },
        .init(name: "BillingPeriodEnd") { .time($0.charge.hour.startOfNextMonth) },
        .init(name: "BillingPeriodStart") { .time($0.charge.hour.startOfMonth) },
        .init(name: "ChargeCategory") { _ in .text("Usage") },
        .init(name: "ChargeClass") { _ in .text(nil) },
        .init(name: "ChargeDescription") { .text($0.charge.description) },
        .init(name: "ChargeFrequency") { _ in .text("Usage-Based") },
        .init(name: "ChargePeriodEnd") { .time($0.charge.hour.nextHour) },
        .init(name: "ChargePeriodStart") { .time($0.charge.hour) },
        .init(name: "ConsumedQuantity") { .decimal($0.charge.quantity) },
        .init(name: "ConsumedUnit") { .text($0.charge.unitName) },
        .init(name: "ContractedCost") { .decimal($0.charge.cost) },
        .init(name: "ContractedUnitPrice") { .decimal($0.charge.unitPrice) },
        .init(name: "EffectiveCost") { .decimal($0.charge.cost) },
        .init(name: "InvoiceIssuerName") { _ in .text("CloudAPI") },
        .init(name: "ListCost") { .decimal($0.charge.cost) },
        .init(name: "ListUnitPrice") { .decimal($0.charge.unitPrice) },
        .init(name: "PricingCategory") { _ in .text("Standard") },
        .init(name: "PricingCurrency") { .text($0.charge.currency) },
        .init(name: "PricingQuantity") { .decimal($0.charge.quantity) },
        .init(name: "PricingUnit") { .text($0.charge.unitName) },
        .init(name: "ProviderName") { .text($0.charge.consumer.provider) },
        .init(name: "PublisherName") { .text($0.charge.consumer.provider) },
        .init(name: "RegionId") { .text($0.charge.consumer.location) },
        .init(name: "RegionName") { .text($0.charge.consumer.location) },
        .init(name: "ResourceId") { .text($0.charge.consumer.resource) },
        .init(name: "ResourceName") { .text($0.charge.consumer.name) },
        .init(name: "ResourceType") { .text($0.charge.consumer.kind.capitalisedWord) },
        .init(name: "ServiceCategory") { .text($0.charge.service.category) },
        .init(name: "ServiceName") { .text($0.charge.service.name) },
        .init(name: "ServiceSubcategory") { .text($0.charge.service.subcategory) },
        .init(name: "SkuId") { .text($0.charge.sku) },
        .init(name: "SkuPriceId") { .text($0.charge.price?.rawValue) },
        .init(name: "SubAccountId") { .text($0.charge.consumer.project.rawValue) },
        .init(name: "SubAccountName") { .text($0.projectName) },
        .init(name: "Tags") { .tags($0.charge.labelText) },
    ]

    /// `id` is ours, and tells a row from another.
    private static let named = columns.map { ($0.snakeCase, $0.value) }

    static func write(_ row: Charge.Named, to json: inout JSONWriter) {
        json.object { json in
            json.field("id", row.charge.id)
            for (name, value) in named { json.dynamicField(name, value(row)) }
        }
    }

    static let schema = Schema.named(
        "Charge",
        .object(
            [.required("id", .string(1...300, .text, "Made of hour, resource, SKU and price; the same whenever it is read."))]
                + columns.map { .required($0.snakeCase, $0.schema) }))
}

extension FocusRow.Column {
    fileprivate var schema: Schema {
        switch name {
        case "Tags": Schema(.map(.string(0...1000, .echo)), "The resource's labels.")
        case "ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart", "BillingPeriodEnd": .timestamp()
        case "ChargeClass", "SkuPriceId", "SubAccountName": Schema.string(0...300, .echo).nullable
        case _ where name.hasSuffix("Cost") || name.hasSuffix("UnitPrice") || name.hasSuffix("Quantity"): Money.amount
        default: .string(0...300, .echo)
        }
    }
}

extension FocusRow.Value: JSONRepresentable {
    func write(to json: inout JSONWriter) {
        switch self {
        case .text(let text?): json.value(text)
        case .text(nil): json.null()
        case .decimal(let value): json.value(value.description)
        case .time(let time): json.value(time)
        case .tags(let text): json.embed(text.utf8)
        }
    }
}

extension FocusRow {
    /// The same rows as CSV (RFC 4180), with FOCUS's own column names; null is empty.
    static func csv(_ rows: [Charge.Named]) -> [UInt8] {
        var bytes: [UInt8] = []
        func line(_ cells: [String]) {
            bytes.append(contentsOf: cells.joined(separator: ",").utf8)
            bytes.append(contentsOf: "\r\n".utf8)
        }
        line(columns.map(\.name))
        for row in rows { line(columns.map { $0.value(row).cell }) }
        return bytes
    }
}

extension FocusRow.Value {
    fileprivate var cell: String {
        switch self {
        case .text(let text): Self.quoted(text ?? "")
        case .decimal(let value): value.description
        case .time(let time): time.description
        case .tags(let text): Self.quoted(text)
        }
    }

    /// Bytes, since a carriage return and a line feed are one character.
    private static func quoted(_ text: String) -> String {
        let marks: Set<UInt8> = [UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\r"), UInt8(ascii: "\n")]
        return text.utf8.contains(where: marks.contains) ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }
}

extension Charge {
    fileprivate var unitName: String {
        switch unit {
        case .hour: "Hours"
        case .gibHour: "GiB-Hours"
        }
    }

    fileprivate var description: String {
        price == nil ? "\(sku) with no price in force" : "\(sku) at \(unitPrice.formatted(minimumPlaces: 4)) \(currency) per \(unitName)"
    }

    var serviceName: String { service.name }

    fileprivate var service: (name: String, category: String, subcategory: String) {
        switch consumer.kind {
        case "instance": ("Instances", "Compute", "Virtual Machines")
        case "volume": ("Volumes", "Storage", "Block Storage")
        case "snapshot": ("Snapshots", "Storage", "Backup Storage")
        case "network": ("Networks", "Networking", "Network Infrastructure")
        case "bucket": ("Buckets", "Storage", "Object Storage")
        case "ip": ("IP Addresses", "Networking", "Network Infrastructure")
        case "firewall": ("Firewalls", "Networking", "Network Security")
        default: (consumer.kind.capitalisedWord, "Other", "Other (Other)")
        }
    }
}

extension String {
    fileprivate var capitalisedWord: String { prefix(1).uppercased() + dropFirst() }
}
