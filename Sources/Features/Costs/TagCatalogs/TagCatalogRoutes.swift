import HTTPTypes
import Kernel
import Storage
package import Web

package enum TagCatalogRoutes {
    package static var all: [Route] {
        [
            Route(
                .get, "/v1/tag-catalogs", .scope(.costsRead), "List tag catalogs",
                query: ListEnvelope.parameters(sort: TagCatalog.sortFields), answers: [.list(of: TagCatalog.schema)], handler: list),
            Route(
                .post, "/v1/tag-catalogs", .scope(.costsWrite), "Make a tag catalog",
                details: "The tags the resources of a repository must carry, for a client that knows its key.",
                body: .required(.object([.required("tags", TagCatalog.tagsSchema)] + words)), answers: [.created(TagCatalog.schema)],
                problems: [.forbidden, .nameTaken], handler: create),
            Route(.get, "/v1/tag-catalogs/{id}", .scope(.costsRead), "Read a tag catalog", answers: [.ok(TagCatalog.schema)], handler: get),
            Route(
                .patch, "/v1/tag-catalogs/{id}", .scope(.costsWrite), "Change a tag catalog",
                body: .required(.object([.optional("tags", TagCatalog.tagsSchema)] + words)), answers: [.ok(TagCatalog.schema)],
                problems: [.forbidden, .nameTaken, .preconditionFailed], handler: update),
            Route(
                .delete, "/v1/tag-catalogs/{id}", .scope(.costsWrite), "Delete a tag catalog", answers: [.noContent()],
                problems: [.forbidden, .preconditionFailed], handler: delete),
            Route(
                .get, "/tag-catalog", .scope(.costsRead), "Read the tags of a catalog",
                query: [.init("catalog_key", .string(1...255, .text, "Its key, or its id."), isRequired: true)],
                answers: [.ok(TagCatalog.Documented.schema, "The tags.")], problems: [.notFound], handler: tags
            ).onCloudthread("get_tag_catalog"),
        ]
    }

    private static let words: [Schema.Field] = [
        .optional("catalog_key", TagCatalog.keySchema), .optional("name", .string(0...255)),
    ]

    private static func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        return call.answer(try await call.read { try TagCatalog.list(request, in: call.caller.tenant, $0) })
    }

    private static func get(_ call: Call) async throws -> Answer {
        let catalog = try await call.read { try TagCatalog.find(call.id(), in: call.caller.tenant, $0) }
        return .json(.ok, catalog).with(etag: catalog.etag)
    }

    private static func tags(_ call: Call) async throws -> Answer {
        let key = call.query["catalog_key"] ?? ""
        return .json(.ok, TagCatalog.Documented(catalog: try await call.read { try TagCatalog.find(key: key, in: call.caller.tenant, $0) }))
    }

    private static func create(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        return try await call.commit { connection in
            let catalog = try TagCatalog.create(
                key: call.body?["catalog_key"]?.string, name: call.body?["name"]?.string ?? "", tags: call.tags ?? [], by: call.attribution,
                connection)
            return .created(catalog, at: "/v1/tag-catalogs/\(catalog.id)").with(etag: catalog.etag)
        }
    }

    private static func update(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        return try await call.commit { connection in
            let catalog = try TagCatalog.find(call.id(), in: call.caller.tenant, connection)
            try call.requireMatch(catalog.etag)
            let updated = try catalog.update(
                key: call.body?["catalog_key"]?.string, name: call.body?["name"]?.string, tags: call.tags, by: call.attribution, connection)
            return .json(.ok, updated).with(etag: updated.etag)
        }
    }

    private static func delete(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        return try await call.commit { connection in
            let catalog = try TagCatalog.find(call.id(), in: call.caller.tenant, connection)
            try call.requireMatch(catalog.etag)
            try catalog.delete(by: call.attribution, connection)
            return .noContent
        }
    }
}

extension Call {
    fileprivate var tags: [TagCatalog.Tag]? { body?["tags"]?.array?.map(TagCatalog.Tag.init) }
}
