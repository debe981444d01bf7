import HTTPTypes
import Kernel
package import Web

package enum AccountRoutes {
    private static let fields: [Schema.Field] = [
        .optional("quota_requests", Account.amount.nullable), .optional("included_requests", Account.amount.nullable),
    ]

    package static var all: [Route] {
        [
            Route(
                .get, "/v1/accounts", .scope(.accountsRead), "List accounts", query: ListEnvelope.parameters(sort: Account.sortFields),
                answers: [.list(of: Account.schema)], handler: list),
            Route(
                .post, "/v1/accounts", .scope(.accountsWrite), "Make an account",
                details: "An account is the quota and billing unit: every project belongs to one.",
                body: .required(.object([.required("name", .name())] + fields)), answers: [.created(Account.schema)],
                problems: [.forbidden],
                handler: create),
            Route(.get, "/v1/accounts/{id}", .scope(.accountsRead), "Read an account", answers: [.ok(Account.schema)], handler: get),
            Route(
                .patch, "/v1/accounts/{id}", .scope(.accountsWrite), "Change an account",
                body: .required(.object([.optional("name", .name())] + fields)), answers: [.ok(Account.schema)],
                problems: [.forbidden, .preconditionFailed], handler: update),
            Route(
                .delete, "/v1/accounts/{id}", .scope(.accountsWrite), "Delete an account without projects", answers: [.noContent()],
                problems: [.forbidden, .accountInUse, .preconditionFailed], handler: delete),
        ]
    }

    private static func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        return call.answer(try await call.read { try Account.list(request, for: call.caller, $0) })
    }

    private static func get(_ call: Call) async throws -> Answer {
        let account = try await call.read { try Account.find(call.id(), for: call.caller, $0) }
        return .json(.ok, account).with(etag: account.etag)
    }

    private static func create(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        var draft = AccountDraft(name: "", quotaRequests: nil, includedRequests: nil)
        draft.apply(call.body)
        return try await call.commit { [draft] connection in
            let account = try Account.create(draft, by: call.attribution, connection)
            return .created(account, at: "/v1/accounts/\(account.id)").with(etag: account.etag)
        }
    }

    private static func update(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        return try await call.commit { connection in
            let account = try Account.find(call.id(), for: call.caller, connection)
            try call.requireMatch(account.etag)
            var draft = AccountDraft(name: account.name, quotaRequests: account.quotaRequests, includedRequests: account.includedRequests)
            draft.apply(call.body)
            let updated = try account.update(draft, by: call.attribution, connection)
            return .json(.ok, updated).with(etag: updated.etag)
        }
    }

    private static func delete(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        return try await call.commit { connection in
            let account = try Account.find(call.id(), for: call.caller, connection)
            try call.requireMatch(account.etag)
            try account.delete(by: call.attribution, connection)
            return .noContent
        }
    }
}

extension AccountDraft {
    /// Merge-patch: what is there replaces, `null` clears.
    mutating func apply(_ body: JSON?) {
        if let name = body?["name"]?.string { self.name = name }
        if let value = body?["quota_requests"] { quotaRequests = value.integer.map { Int($0) } }
        if let value = body?["included_requests"] { includedRequests = value.integer.map { Int($0) } }
    }
}
