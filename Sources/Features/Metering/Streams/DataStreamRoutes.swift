import HTTPTypes
import Kernel
import Storage
package import Vault
package import Web

/// `/v1/streams`: where points come in, and what tokens name them.
package struct DataStreamRoutes: Sendable {
    private let vault: Vault

    package init(vault: Vault) { self.vault = vault }

    package var all: [Route] {
        [
            Route(
                .get, "/v1/streams", .scope(.streamsRead), "List data streams",
                details: "Each with its token, whole: filters and teams name streams by it.",
                query: ListEnvelope.parameters(sort: DataStream.sortFields, filters: [.init("type", .choice(of: DataStream.Kind.self))]),
                answers: [.list(of: DataStreamView.schema)], handler: list),
            Route(
                .post, "/v1/streams", .scope(.streamsWrite), "Make a data stream",
                details: "Send points with its token by `POST /streams/ingest`.",
                body: .required(
                    .object([
                        .required("name", .name()),
                        .optional("type", .choice(of: DataStream.Kind.self, "`custom` when left out.")),
                    ])), answers: [.created(DataStreamView.schema)], problems: [.forbidden, .quotaExceeded], handler: create),
            Route(
                .get, "/v1/streams/{id}", .scope(.streamsRead), "Read a data stream", answers: [.ok(DataStreamView.schema)], handler: get),
            Route(
                .patch, "/v1/streams/{id}", .scope(.streamsWrite), "Rename a data stream",
                body: .required(.object([.optional("name", .name())])), answers: [.ok(DataStreamView.schema)],
                problems: [.forbidden, .preconditionFailed], handler: update),
            Route(
                .delete, "/v1/streams/{id}", .scope(.streamsWrite), "Delete a data stream and its points", answers: [.noContent()],
                problems: [.forbidden, .preconditionFailed], handler: delete),
        ]
    }

    private func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        let page = try await call.read { try DataStream.list(request, type: call.query["type"], for: call.caller, $0) }
        return call.answer(Page(items: try page.items.map { try $0.view(vault) }, next: page.next))
    }

    private func get(_ call: Call) async throws -> Answer {
        let stream = try await call.read { try DataStream.find(call.id(), for: call.caller, $0) }
        return .json(.ok, try stream.view(vault)).with(etag: stream.etag)
    }

    private func create(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        let name = call.body?["name"]?.string ?? ""
        let type = call.body?["type"]?.string.flatMap { DataStream.Kind(rawValue: $0) } ?? .custom
        return try await call.commit { [vault] connection in
            let stream = try DataStream.create(name, type, by: call.attribution, vault, connection)
            return .created(try stream.view(vault), at: "/v1/streams/\(stream.id)").with(etag: stream.etag).holdingSecret()
        }
    }

    private func update(_ call: Call) async throws -> Answer {
        try await call.commit { [vault] connection in
            let stream = try call.editedStream(connection)
            try call.requireMatch(stream.etag)
            guard let name = call.body?["name"]?.string else {
                return .json(.ok, try stream.view(vault)).with(etag: stream.etag).holdingSecret()
            }
            let updated = try stream.rename(name, by: call.attribution, connection)
            return .json(.ok, try updated.view(vault)).with(etag: updated.etag).holdingSecret()
        }
    }

    private func delete(_ call: Call) async throws -> Answer {
        try await call.commit { connection in
            let stream = try call.editedStream(connection)
            try call.requireMatch(stream.etag)
            try stream.delete(by: call.attribution, connection)
            return .noContent
        }
    }
}

extension Call {
    fileprivate func editedStream(_ connection: Connection) throws -> DataStream {
        let stream = try DataStream.find(id(), for: caller, connection)
        try caller.requireWorkspace(.editor)
        return stream
    }
}
