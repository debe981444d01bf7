/// How a bucket is to be, and how one was seen.
package struct BucketBlueprint: Sendable, Equatable {
    /// Whether anybody may read what is in it.
    package var isPublic: Bool
    /// Whether what is overwritten or deleted is kept.
    package var isVersioned: Bool
    package var isEncrypted: Bool
    /// After so many days an object is deleted by itself; nil for never.
    package var expireDays: Int?
    /// How much fits; nil for no bound.
    package var quotaBytes: Int?

    package init(
        isPublic: Bool = false, isVersioned: Bool = false, isEncrypted: Bool = false, expireDays: Int? = nil, quotaBytes: Int? = nil
    ) {
        self.isPublic = isPublic
        self.isVersioned = isVersioned
        self.isEncrypted = isEncrypted
        self.expireDays = expireDays
        self.quotaBytes = quotaBytes
    }
}
