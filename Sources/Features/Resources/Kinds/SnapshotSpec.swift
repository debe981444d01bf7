package import Kernel
import Prices
import Web

/// What was on a volume at one moment. It outlives the volume, and never changes.
package struct SnapshotSpec: Sendable, Equatable {
    /// What it is of, whether that is still there or not; nil for one that was adopted.
    package var volume: ResourceID?
    /// The volume's size when the snapshot was asked for.
    package var sizeGiB: Int
    package var isEncrypted: Bool

    package init(_ json: JSON) {
        volume = json["volume_id"]?.string.map { ResourceID($0) }
        sizeGiB = Int(json["size_gib"]?.integer ?? 0)
        isEncrypted = json["encrypted"]?.bool ?? false
    }

    init(of volume: ResourceID, _ spec: VolumeSpec) {
        self.volume = volume
        sizeGiB = spec.sizeGiB
        isEncrypted = spec.isEncrypted
    }

    package var json: JSON { ["volume_id": JSON(volume), "size_gib": JSON(sizeGiB), "encrypted": .bool(isEncrypted)] }

    var references: [Reference] { volume.map { [Reference(id: $0, relation: .snapshotOf)] } ?? [] }

    /// Charged for the whole size: how little of it a provider keeps is not told by all.
    var demand: Demand { Demand(lines: [.init(sku: "snapshot", units: sizeGiB)], counts: [.snapshots: 1]) }

    static let draftSchema = Schema.object([
        .required("volume_id", .string(1...100, .name, "The volume, by id or name."))
    ])
    static let changeSchema = Schema.object([])
    static let schema = Schema.object([
        .required("volume_id", Schema.id("vol", "What it is of, also when that is gone; null for what was adopted.").nullable),
        .required("size_gib", .integer(0...VolumeSpec.sizes.upperBound, "What a volume made from it has at least.")),
        .required("encrypted", .boolean("A volume made from it is encrypted then.")),
    ])
}
