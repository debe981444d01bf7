import Kernel
import Storage
import Web

extension TagCatalog {
    private static let selection = "SELECT id, catalog_key, name, tags, version, created_at, updated_at FROM tag_catalogs"
    static let sortFields = ["created_at", "catalog_key"]

    private static func read(_ row: Row) throws -> TagCatalog {
        try TagCatalog(
            id: row.get(0), key: row.text(1), name: row.text(2), tags: (JSONParser.parse(row.text(3).utf8).array ?? []).map(Tag.init),
            version: row.integer(4), createdAt: row.time(5), updatedAt: row.time(6))
    }

    static func find(_ id: TagCatalogID, in tenant: Tenant, _ connection: Connection) throws -> TagCatalog {
        let found = try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
        guard let found else { throw Problem.notFound("tag catalog") }
        return found
    }

    /// By its key, else by its id.
    static func find(key: String, in tenant: Tenant, _ connection: Connection) throws -> TagCatalog {
        let found = try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND catalog_key = ?", tenant.workspace, tenant.mode, key, as: read)
        return try found ?? find(TagCatalogID(key), in: tenant, connection)
    }

    static func list(_ request: PageRequest, in tenant: Tenant, _ connection: Connection) throws -> Page<TagCatalog> {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "catalog_key": .text("catalog_key")],
            defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ?", tenant.workspace)
        query.filter("mode = ?", tenant.mode)
        return try query.page(
            request, connection, place: { catalog, _ in .init(value: catalog.key, id: catalog.id.rawValue) }, as: read)
    }

    // MARK: Changes

    /// Throws `name_taken` for a key that is taken.
    static func create(key: String?, name: String, tags: [Tag], by: Attribution, _ connection: Connection) throws -> TagCatalog {
        let id: TagCatalogID = by.makeID()
        let catalog = TagCatalog(
            id: id, key: key ?? "catalog-" + id.rawValue.dropFirst(TagCatalogKind.prefix.count + 1), name: name, tags: tags, version: 1,
            createdAt: by.at, updatedAt: by.at)
        try translatingTwins(of: catalog.key) {
            try connection.execute(
                """
                INSERT INTO tag_catalogs (workspace, mode, id, catalog_key, name, tags, version, created_at, updated_at)
                VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)
                """, by.tenant.workspace, by.tenant.mode, id, catalog.key, name, catalog.tagsText, by.at, by.at)
        }
        connection.append(EventDraft("catalog.created", subject: id.rawValue, data: ["after": catalog.snapshot]), by: by)
        return catalog
    }

    /// Throws `name_taken` for a key that is taken.
    func update(key: String?, name: String?, tags: [Tag]?, by: Attribution, _ connection: Connection) throws -> TagCatalog {
        let updated = TagCatalog(
            id: id, key: key ?? self.key, name: name ?? self.name, tags: tags ?? self.tags, version: version + 1, createdAt: createdAt,
            updatedAt: by.at)
        try Self.translatingTwins(of: updated.key) {
            try connection.execute(
                """
                UPDATE tag_catalogs SET catalog_key = ?, name = ?, tags = ?, version = ?, updated_at = ?
                WHERE workspace = ? AND mode = ? AND id = ?
                """, updated.key, updated.name, updated.tagsText, updated.version, by.at, by.tenant.workspace, by.tenant.mode, id)
        }
        connection.append(
            EventDraft("catalog.updated", subject: id.rawValue, data: ["before": snapshot, "after": updated.snapshot]), by: by)
        return updated
    }

    func delete(by: Attribution, _ connection: Connection) throws {
        try connection.execute(
            "DELETE FROM tag_catalogs WHERE workspace = ? AND mode = ? AND id = ?", by.tenant.workspace, by.tenant.mode, id)
        connection.append(EventDraft("catalog.deleted", subject: id.rawValue, data: ["before": snapshot]), by: by)
    }

    private var tagsText: String { String(decoding: JSON.array(tags.map(\.json)).canonicalBytes, as: UTF8.self) }

    private static func translatingTwins(of key: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch StorageError.unique {
            throw Problem(.nameTaken, "There is a tag catalog with the key \(key) already.")
        }
    }
}
