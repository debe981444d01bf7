package import Kernel
import Prices
import Web

/// Storage that outlives the instances it is attached to.
package struct VolumeSpec: Sendable, Equatable {
    package var sizeGiB: Int
    package var type: String
    package var isEncrypted: Bool
    /// The snapshot it was made from, whether that is still there or not.
    package var source: ResourceID?

    package static let types = ["standard", "fast"]
    package static let sizes: ClosedRange<Int64> = 1...16_384

    package init(_ json: JSON) {
        sizeGiB = Int(json["size_gib"]?.integer ?? 10)
        type = json["type"]?.string ?? "standard"
        isEncrypted = json["encrypted"]?.bool ?? true
        source = json["from_snapshot"]?.string.map { ResourceID($0) }
    }

    package var json: JSON {
        [
            "size_gib": JSON(sizeGiB), "type": .string(type), "encrypted": .bool(isEncrypted), "from_snapshot": JSON(source),
        ]
    }

    var references: [Reference] { source.map { [Reference(id: $0, relation: .fromSnapshot)] } ?? [] }

    var demand: Demand { Demand(lines: [.init(sku: "volume." + type, units: sizeGiB)], counts: [.volumes: 1, .volumeGiB: sizeGiB]) }

    /// Halves, down to one GiB.
    var alternatives: [(name: String, demand: Demand)] {
        sequence(first: sizeGiB / 2) { $0 / 2 }.prefix { $0 >= 1 }.map { size in
            var smaller = self
            smaller.sizeGiB = size
            return ("\(size) GiB", smaller.demand)
        }
    }

    private static let sizeSchema = Schema.integer(sizes, "GiB; it can grow later, never shrink.")

    static let draftSchema = Schema.object([
        .optional("size_gib", sizeSchema), .optional("type", .choice(types)),
        .optional("encrypted", .boolean("Where the provider can; true when left out and it can.")),
        .optional(
            "from_snapshot",
            Schema.string(1...100, .name, "A snapshot, by id or name, that is on it from the start; it has that one's size at least.")
                .nullable),
    ])
    static let changeSchema = Schema.object([.optional("size_gib", sizeSchema)])
    static let schema = Schema.object([
        .required("size_gib", sizeSchema), .required("type", .choice(types)), .required("encrypted", .boolean()),
        .required("from_snapshot", Schema.id("snap", "What it was made from, also when that is gone.").nullable),
    ])
}
