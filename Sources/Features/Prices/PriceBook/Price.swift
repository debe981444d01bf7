package import Kernel
import Storage
package import Web

/// What one unit of a SKU costs, from a moment on.
///
/// A price that has begun may have been billed with, so its amount and beginning stay as they are; a new price for the same SKU,
/// provider and location takes over when it begins. So the past of the book never changes, and what is computed from it never does.
package struct Price: Sendable {
    package let id: PriceID
    package let sku: String
    /// A driver's name, or `*` for all.
    package let provider: String
    /// A place of that provider, or `*` for all.
    package let location: String
    package let unit: Unit
    /// For one unit; never negative.
    package let amount: ExactDecimal
    /// ISO 4217.
    package let currency: String
    package let description: String
    package let effectiveFrom: Timestamp
    /// The moment it ends by itself or gives way to its successor, not included; nil while none is known.
    package let effectiveTo: Timestamp?
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package enum Unit: String, Sendable, CaseIterable, SQLConvertible {
        case hour
        case gibHour = "gib_hour"
    }

    package static let anywhere = "*"

    package var etag: ETag { ETag(version: version) }
}

package struct PriceDraft: Sendable {
    package var sku: String
    package var provider = Price.anywhere
    package var location = Price.anywhere
    package var unit = Price.Unit.hour
    package var amount: ExactDecimal
    package var currency = "USD"
    package var description = ""
    package var effectiveFrom: Timestamp
    package var effectiveTo: Timestamp?

    package init(sku: String, amount: ExactDecimal, effectiveFrom: Timestamp) {
        self.sku = sku
        self.amount = amount
        self.effectiveFrom = effectiveFrom
    }

    init(_ price: Price, endsAt: Timestamp?) {
        sku = price.sku
        provider = price.provider
        location = price.location
        unit = price.unit
        amount = price.amount
        currency = price.currency
        description = price.description
        effectiveFrom = price.effectiveFrom
        effectiveTo = endsAt
    }
}

extension Price: JSONRepresentable, SchemaDescribed {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("sku", sku)
            json.field("provider", provider)
            json.field("location", location)
            json.field("unit", unit.rawValue)
            json.field("amount", amount.description)
            json.field("currency", currency)
            json.field("description", description)
            json.field("effective_from", effectiveFrom)
            json.field("effective_to", effectiveTo)
            json.field("created_at", createdAt)
            json.field("updated_at", updatedAt)
        }
    }

    /// As it stands in the log.
    var snapshot: JSON {
        [
            "sku": .string(sku), "provider": .string(provider), "location": .string(location), "unit": .string(unit.rawValue),
            "amount": JSON(amount), "currency": .string(currency), "description": .string(description),
            "effective_from": JSON(effectiveFrom), "effective_to": JSON(effectiveTo),
        ]
    }

    static let skuSchema = Schema.string(1...64, .sku, "What is sold: `instance.s-1`, `volume.standard`, `network`, ….").example(
        "instance.s-1")
    static let placeSchema = Schema.string(1...120, .name)
    package static let schema = Schema.named(
        "Price",
        .object([
            .required("id", .id("prc")), .required("sku", skuSchema), .required("provider", placeSchema.described("A driver, or `*`.")),
            .required("location", placeSchema.described("A place of the provider, or `*`.")), .required("unit", .choice(of: Unit.self)),
            .required("amount", Money.amount.described("For one unit, exact.")), .required("currency", Money.currency),
            .required("description", .string(0...1000)), .required("effective_from", .timestamp()),
            .required(
                "effective_to", Schema.timestamp("When it ends or gives way to its successor, not included; null while open.").nullable),
            .required("created_at", .timestamp()), .required("updated_at", .timestamp()),
        ]))
}

/// How money is described and read.
package enum Money {
    package static let amount = Schema.string(1...120, .text, "An exact decimal number.").example("0.0070")
    package static let currency = Schema.string(3...3, .currency, "ISO 4217.").example("USD")

    /// Reads an amount of a body. Throws `validation_failed` for what is no decimal, is negative, has more than 18 decimals, or is
    /// 10^12 and more: so the price of a whole hour is exact.
    package static func amount(_ text: String, at field: String) throws -> ExactDecimal {
        guard let value = ExactDecimal(text), !value.isNegative else {
            throw Problem.invalid(field, "The \(field) must be a decimal number such as 0.0070, not negative.", code: "format")
        }
        guard value.rounded(scale: 18) == value, value < ExactDecimal(1_000_000_000_000) else {
            throw Problem.invalid(field, "The \(field) must have at most 18 decimals and be below 10^12.", code: "range")
        }
        return value
    }
}
