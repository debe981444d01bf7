import Kernel
package import Storage

/// The prices a workspace begins with.
package enum PriceBook {
    /// Hourly amounts in USD, after what small machines cost on the open market in 2026; a workspace edits them.
    static let first: [(sku: String, unit: Price.Unit, amount: String)] =
        InstanceSize.all.map { ($0.sku, .hour, $0.firstPrice) } + [
            ("volume.standard", .gibHour, "0.00011"), ("volume.fast", .gibHour, "0.00023"), ("network", .hour, "0"),
            ("bucket", .hour, "0"), ("ip.ipv4", .hour, "0.0050"), ("ip.ipv6", .hour, "0"), ("firewall", .hour, "0"),
            ("snapshot", .gibHour, "0.00007"),
        ]

    /// Plants the first prices, in force since ever. Setup and the sandbox's reset say so in the log, so the prices do not.
    package static func seed(by: Attribution, _ connection: Connection) throws {
        for (sku, unit, amount) in first {
            guard let amount = ExactDecimal(amount) else { throw StorageError.corrupt("The first price of \(sku) is no number.") }
            var draft = PriceDraft(sku: sku, amount: amount, effectiveFrom: .first)
            draft.unit = unit
            try Price.insert(draft, id: by.makeID(), by: by, connection)
        }
    }

    /// What has to happen whenever the book changes: what is held against budgets was computed from it.
    static func changed(in tenant: Tenant, _ connection: Connection) throws {
        try connection.execute("UPDATE budgets SET is_stale = 1 WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
    }
}
