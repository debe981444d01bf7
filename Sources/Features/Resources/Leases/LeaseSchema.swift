package import Storage

extension ResourceSchema {
    /// Who keeps a resource to themselves, and until when.
    package static let leases = [
        Migration(
            "0220-resource-leases", "ALTER TABLE resources ADD COLUMN lease_digest TEXT",
            "ALTER TABLE resources ADD COLUMN lease_holder TEXT",
            "ALTER TABLE resources ADD COLUMN leased_until INTEGER",
            // Digests of nonces, parted by spaces.
            "ALTER TABLE stack_runs ADD COLUMN proofs TEXT NOT NULL DEFAULT ''")
    ]
}
