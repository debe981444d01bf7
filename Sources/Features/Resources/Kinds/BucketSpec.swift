package import Kernel
import Provider
import Web

/// A place for objects, by their names.
package struct BucketSpec: Sendable, Equatable {
    /// Whether anybody may read what is in it.
    package var isPublic: Bool
    /// Whether what is overwritten or deleted is kept.
    package var isVersioned: Bool
    package var isEncrypted: Bool
    package var expireDays: Int?
    package var quotaBytes: Int?

    package init(_ json: JSON) {
        isPublic = json["public"]?.bool ?? false
        isVersioned = json["versioning"]?.bool ?? false
        isEncrypted = json["encryption"]?.bool ?? true
        expireDays = json["expire_days"]?.integer.map { Int($0) }
        quotaBytes = json["quota_bytes"]?.integer.map { Int($0) }
    }

    init(_ blueprint: BucketBlueprint) {
        isPublic = blueprint.isPublic
        isVersioned = blueprint.isVersioned
        isEncrypted = blueprint.isEncrypted
        expireDays = blueprint.expireDays
        quotaBytes = blueprint.quotaBytes
    }

    package var json: JSON {
        [
            "public": .bool(isPublic), "versioning": .bool(isVersioned), "encryption": .bool(isEncrypted),
            "expire_days": JSON(expireDays), "quota_bytes": JSON(quotaBytes),
        ]
    }

    var blueprint: BucketBlueprint {
        BucketBlueprint(
            isPublic: isPublic, isVersioned: isVersioned, isEncrypted: isEncrypted, expireDays: expireDays, quotaBytes: quotaBytes)
    }

    /// What a provider must be able to do for it.
    var features: [Capabilities.Feature] {
        (isPublic ? [.publicBuckets] : []) + (isVersioned ? [.versioning] : []) + (isEncrypted ? [.bucketEncryption] : [])
            + (expireDays == nil ? [] : [.expiry]) + (quotaBytes == nil ? [] : [.bucketQuota])
    }

    /// With what a merge-patch says; a null takes an expiry or a bound away.
    func patched(by patch: JSON) -> BucketSpec {
        var spec = self
        for member in patch.members ?? [] {
            switch member.name {
            case "public": spec.isPublic = member.value.bool ?? false
            case "versioning": spec.isVersioned = member.value.bool ?? false
            case "encryption": spec.isEncrypted = member.value.bool ?? true
            case "expire_days": spec.expireDays = member.value.integer.map { Int($0) }
            case "quota_bytes": spec.quotaBytes = member.value.integer.map { Int($0) }
            default: break
            }
        }
        return spec
    }

    private static let expiry = Schema.integer(1...36_500, "After so many days an object is deleted by itself; null for never.").nullable
    private static let quota = Schema.integer(1...Int64.max, "Bytes that fit; null for no bound.").nullable

    static let draftSchema = Schema.object([
        .optional("public", .boolean("Whether anybody may read what is in it; false when left out.")),
        .optional("versioning", .boolean("Whether what is overwritten or deleted is kept.")),
        .optional("encryption", .boolean("Where the provider can; true when left out and it can.")),
        .optional("expire_days", expiry), .optional("quota_bytes", quota),
    ])
    static let changeSchema = draftSchema
    static let schema = Schema.object([
        .required("public", .boolean()), .required("versioning", .boolean()), .required("encryption", .boolean()),
        .required("expire_days", expiry), .required("quota_bytes", quota),
    ])
}
