package import Kernel
package import Storage
import Web

extension Price {
    private static let successor = """
        SELECT MIN(n.effective_from) FROM prices n WHERE n.workspace = p.workspace AND n.mode = p.mode AND n.sku = p.sku \
        AND n.provider = p.provider AND n.location = p.location AND n.effective_from > p.effective_from
        """
    private static let selection = """
        SELECT id, sku, provider, location, unit, amount, currency, description, effective_from, ends_at, (\(successor)), version, \
        created_at, updated_at FROM prices p
        """

    private static func read(_ row: Row) throws -> Price {
        let ends: [Timestamp?] = [try row.get(9), try row.get(10)]
        return try Price(
            id: row.get(0), sku: row.text(1), provider: row.text(2), location: row.text(3), unit: row.get(4), amount: row.get(5),
            currency: row.text(6), description: row.text(7), effectiveFrom: row.time(8), effectiveTo: ends.compactMap { $0 }.min(),
            version: row.integer(11), createdAt: row.time(12), updatedAt: row.time(13))
    }

    package static func find(_ id: PriceID, in tenant: Tenant, _ connection: Connection) throws -> Price {
        let found = try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
        guard let found else { throw Problem.notFound("price") }
        return found
    }

    static let sortFields = ["created_at", "sku", "effective_from"]

    struct Filter: Sendable {
        var sku: String?
        var provider: String?
        var location: String?
        /// In force at that moment.
        var at: Timestamp?
    }

    static func list(_ request: PageRequest, _ filter: Filter, in tenant: Tenant, _ connection: Connection) throws -> Page<Price> {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "sku": .text("sku"), "effective_from": .integer("effective_from")],
            defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ?", tenant.workspace)
        query.filter("mode = ?", tenant.mode)
        if let sku = filter.sku { query.filter("sku = ?", sku) }
        if let provider = filter.provider { query.filter("provider = ?", provider) }
        if let location = filter.location { query.filter("location = ?", location) }
        if let at = filter.at {
            query.filter("effective_from <= ?", at)
            query.filter("COALESCE(ends_at, ?) > ?", Timestamp.last, at)
            query.filter("COALESCE((\(successor)), ?) > ?", Timestamp.last, at)
        }
        return try query.page(
            request, connection,
            place: { price, sort in
                let value = sort == "sku" ? price.sku : sort == "effective_from" ? String(price.effectiveFrom.milliseconds) : ""
                return .init(value: value, id: price.id.rawValue)
            }, as: read)
    }

    // MARK: Changes

    /// Throws `conflict` when one for the same SKU, provider and location begins at the same moment, and `validation_failed` for one
    /// that would begin in the past: those hours may be billed.
    package static func create(_ draft: PriceDraft, by: Attribution, _ connection: Connection) throws -> Price {
        try draft.check(at: by.at)
        let id: PriceID = by.makeID()
        try insert(draft, id: id, by: by, connection)
        try PriceBook.changed(in: by.tenant, connection)
        let price = try find(id, in: by.tenant, connection)
        connection.append(EventDraft("price.created", subject: id.rawValue, data: ["after": price.snapshot]), by: by)
        return price
    }

    static func insert(_ draft: PriceDraft, id: PriceID, by: Attribution, _ connection: Connection) throws {
        try translatingTwins(of: draft) {
            try connection.execute(
                """
                INSERT INTO prices (workspace, mode, id, sku, provider, location, unit, amount, currency, description, effective_from,
                    ends_at, version, created_at, updated_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)
                """, by.tenant.workspace, by.tenant.mode, id, draft.sku, draft.provider, draft.location, draft.unit, draft.amount,
                draft.currency, draft.description, draft.effectiveFrom, draft.effectiveTo, by.at, by.at)
        }
    }

    /// The moment it ends by itself, whatever succeeds it.
    func ownEnd(in tenant: Tenant, _ connection: Connection) throws -> Timestamp? {
        try connection.row(
            "SELECT ends_at FROM prices WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id
        ) { try $0.get(0, as: Timestamp?.self) } ?? nil
    }

    /// Throws `conflict` for a change to what may have been billed.
    package func update(_ draft: PriceDraft, endsAt own: Timestamp?, by: Attribution, _ connection: Connection) throws -> Price {
        if effectiveFrom <= by.at {
            guard draft.amount == amount, draft.effectiveFrom == effectiveFrom, draft.currency == currency, draft.unit == unit else {
                throw Problem(
                    .conflict,
                    "This price is in force since \(effectiveFrom) and may have been billed. Add a price with a later effective_from instead."
                )
            }
            if draft.effectiveTo != own, let own, own <= by.at {
                throw Problem(.conflict, "This price ended at \(own). Add a price with a later effective_from instead.")
            }
        } else {
            try draft.check(at: by.at)
        }
        if let end = draft.effectiveTo, end != own, end < by.at || end <= draft.effectiveFrom {
            throw Problem.invalid("effective_to", "A price ends after its beginning, and not in the past.", code: "past")
        }
        try Self.translatingTwins(of: draft) {
            try connection.execute(
                """
                UPDATE prices SET unit = ?, amount = ?, currency = ?, description = ?, effective_from = ?, ends_at = ?,
                    version = version + 1, updated_at = ?
                WHERE workspace = ? AND mode = ? AND id = ?
                """, draft.unit, draft.amount, draft.currency, draft.description, draft.effectiveFrom, draft.effectiveTo, by.at,
                by.tenant.workspace, by.tenant.mode, id)
        }
        try PriceBook.changed(in: by.tenant, connection)
        let updated = try Self.find(id, in: by.tenant, connection)
        connection.append(
            EventDraft("price.updated", subject: id.rawValue, data: ["before": snapshot, "after": updated.snapshot]), by: by)
        return updated
    }

    /// Ends a price that has begun; removes one that has not. Ending an ended one changes nothing.
    package func end(by: Attribution, _ connection: Connection) throws {
        let tenant = by.tenant
        let hasBegun = effectiveFrom < by.at
        if hasBegun {
            if let own = try ownEnd(in: tenant, connection), own <= by.at { return }
            try connection.execute(
                "UPDATE prices SET ends_at = ?, version = version + 1, updated_at = ? WHERE workspace = ? AND mode = ? AND id = ?", by.at,
                by.at, tenant.workspace, tenant.mode, id)
        } else {
            try connection.execute(
                "DELETE FROM prices WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id)
        }
        try PriceBook.changed(in: tenant, connection)
        connection.append(
            EventDraft(
                "price.ended", subject: id.rawValue, data: ["before": snapshot, "effective_to": JSON(hasBegun ? by.at : effectiveFrom)]),
            by: by)
    }

    private static func translatingTwins(of draft: PriceDraft, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch StorageError.unique {
            throw Problem(
                .conflict,
                "Another price for \(draft.sku) (provider \(draft.provider), location \(draft.location)) begins at \(draft.effectiveFrom).")
        }
    }
}

extension PriceDraft {
    fileprivate func check(at now: Timestamp) throws {
        guard effectiveFrom >= now else {
            throw Problem.invalid("effective_from", "A price begins now or later: what is past may have been billed.", code: "past")
        }
        if let effectiveTo, effectiveTo <= effectiveFrom {
            throw Problem.invalid("effective_to", "A price ends after its beginning.", code: "combination")
        }
        guard provider != Price.anywhere || location == Price.anywhere else {
            throw Problem.invalid("location", "A location belongs to a provider: name it.", code: "combination")
        }
    }
}
