package import Kernel
package import Storage

/// Places that the price book knows by name.
package enum PricedLocations {
    /// Those of a provider that have prices of their own now, in the order of their names; at most a hundred.
    package static func of(_ provider: String, at now: Timestamp, in tenant: Tenant, _ connection: Connection) throws -> [String] {
        try connection.rows(
            """
            SELECT DISTINCT location FROM prices WHERE workspace = ? AND mode = ? AND provider = ? AND location <> ? \
            AND effective_from <= ? AND COALESCE(ends_at, ?) > ? ORDER BY location LIMIT 100
            """, tenant.workspace, tenant.mode, provider, Price.anywhere, now, Timestamp.last, now
        ) { $0.text(0) }
    }
}
