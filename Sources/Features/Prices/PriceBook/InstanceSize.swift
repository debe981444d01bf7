import Kernel
import Web

/// What an instance can be as large as; the SKU of each is `instance.` and its name.
package struct InstanceSize: Sendable, Equatable {
    package let name: String
    package let milliCPUs: Int
    package let memoryMiB: Int
    /// USD an hour in a new workspace.
    let firstPrice: String

    package var sku: String { "instance." + name }

    /// From the smallest to the largest.
    package static let all = [
        InstanceSize(name: "n-1", milliCPUs: 250, memoryMiB: 256, firstPrice: "0.0018"),
        InstanceSize(name: "n-2", milliCPUs: 500, memoryMiB: 512, firstPrice: "0.0035"),
        InstanceSize(name: "s-1", milliCPUs: 1000, memoryMiB: 1024, firstPrice: "0.0070"),
        InstanceSize(name: "s-2", milliCPUs: 1000, memoryMiB: 2048, firstPrice: "0.0140"),
        InstanceSize(name: "s-4", milliCPUs: 2000, memoryMiB: 4096, firstPrice: "0.0280"),
        InstanceSize(name: "s-8", milliCPUs: 4000, memoryMiB: 8192, firstPrice: "0.0560"),
        InstanceSize(name: "s-16", milliCPUs: 8000, memoryMiB: 16_384, firstPrice: "0.1120"),
    ]

    package static func named(_ name: String) -> InstanceSize? { all.first { $0.name == name } }
}

extension InstanceSize {
    /// A size with what it costs now.
    struct Offer: Sendable, JSONRepresentable, SchemaDescribed {
        let size: InstanceSize
        /// Nil while nobody has set a price.
        let price: PriceTimeline.Entry?

        func write(to json: inout JSONWriter) {
            let monthly = price.map { $0.amount * Estimate.hoursPerMonth }
            json.object { json in
                json.field("name", size.name)
                json.field("sku", size.sku)
                json.field("milli_cpus", size.milliCPUs)
                json.field("memory_mib", size.memoryMiB)
                json.field("hourly", price?.amount.formatted(minimumPlaces: 4))
                json.field("monthly", monthly?.formatted(minimumPlaces: 2))
                json.field("currency", price?.currency)
            }
        }

        static let schema = Schema.named(
            "InstanceSize",
            .object([
                .required("name", .choice(InstanceSize.all.map(\.name))), .required("sku", Price.skuSchema),
                .required("milli_cpus", .integer(1...1_000_000, "Thousandths of a processor.")),
                .required("memory_mib", .integer(1...10_000_000)),
                .required("hourly", Money.amount.nullable.described("Now; null while there is no price.")),
                .required("monthly", Money.amount.nullable.described("730 hours.")), .required("currency", Money.currency.nullable),
            ]))
    }
}
