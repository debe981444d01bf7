import HTTPTypes
import Identity
import Kernel
import Storage
package import Web

package enum QuotaRoutes {
    private static let scope: [Query.Parameter] = [
        .init("account_id", .string(1...100, .text, "An account; that of the credential when neither is given.")),
        .init("project_id", .string(1...100, .text, "Or a project.")),
    ]

    package static var all: [Route] {
        [
            Route(
                .get, "/v1/quotas", .scope(.quotasRead), "List quotas and what is used of them",
                details: "Each metric of an account or a project. A project without limits of its own is bound by its account's.",
                query: scope, answers: [.list(of: Quota.Standing.schema)], problems: [.notFound], handler: list),
            Route(
                .put, "/v1/quotas/{metric}", .scope(.quotasWrite), "Set a quota",
                details: "Lowering it below what is used is allowed, and only keeps new things out.",
                body: .required(
                    .object([
                        .required("limit", Schema.integer(0...1_000_000_000_000, "Null for no limit.").nullable),
                        .optional("account_id", .id("acc")), .optional("project_id", .id("proj")),
                    ])), answers: [.ok(Quota.Standing.schema)], problems: [.forbidden], handler: set),
            Route(
                .delete, "/v1/quotas/{metric}", .scope(.quotasWrite), "Go back to the standard quota", query: scope,
                answers: [.ok(Quota.Standing.schema)], problems: [.forbidden], handler: reset),
        ]
    }

    private static func list(_ call: Call) async throws -> Answer {
        let standings = try await call.read { connection in
            let holder = try holder(call.query["account_id"], call.query["project_id"], call, connection)
            return try Quota.standings(of: holder, in: call.caller.tenant, connection)
        }
        return call.answer(Page(items: standings, next: nil))
    }

    private static func set(_ call: Call) async throws -> Answer {
        if call.body?["account_id"] != nil, call.body?["project_id"] != nil {
            throw Problem.invalid("account_id", "Name an account or a project, not both.", code: "combination")
        }
        let limit = call.body?["limit"]?.integer.map { Int($0) }
        return try await change(call, call.body?["account_id"]?.string, call.body?["project_id"]?.string, to: .some(limit))
    }

    private static func reset(_ call: Call) async throws -> Answer {
        try await change(call, call.query["account_id"], call.query["project_id"], to: nil)
    }

    private static func change(_ call: Call, _ account: String?, _ project: String?, to limit: Int??) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        guard let metric = Quota.Metric(rawValue: call.parameter("metric")) else { throw Problem.notFound("quota") }
        return try await call.commit { connection in
            let holder = try holder(account, project, call, connection)
            return .json(.ok, try Quota.set(metric, to: limit, for: holder, by: call.attribution, connection))
        }
    }

    /// The one that is named; without a name the account of the credential's project, else the default one.
    private static func holder(_ account: String?, _ project: String?, _ call: Call, _ connection: Connection) throws -> Quota.Holder {
        switch (account, project) {
        case (.some, .some): throw Problem.invalid(parameter: "account_id", "Name an account or a project, not both.")
        case (let account?, nil): return .account(try Account.find(AccountID(account), for: call.caller, connection).id)
        case (nil, let project?): return .project(try Project.find(ProjectID(project), for: call.caller, connection).id)
        case (nil, nil):
            guard let own = call.caller.credential.project else {
                return .account(try Account.standard(of: call.caller.workspace, connection).id)
            }
            return .account(try Project.find(own, for: call.caller, connection).account)
        }
    }
}

extension Quota.Standing: JSONRepresentable, SchemaDescribed {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("metric", metric.rawValue)
            switch holder {
            case .account(let id):
                json.field("account_id", id)
                json.null("project_id")
            case .project(let id):
                json.null("account_id")
                json.field("project_id", id)
            }
            json.field("limit", limit)
            json.field("used", used)
            json.field("available", available)
            json.field("standard", !isOwn)
        }
    }

    static let schema = Schema.named(
        "Quota",
        .object([
            .required("metric", .choice(of: Quota.Metric.self)), .required("account_id", Schema.id("acc").nullable),
            .required("project_id", Schema.id("proj").nullable),
            .required("limit", Schema.integer(0...Int64.max, "Null for no limit.").nullable), .required("used", .integer(0...Int64.max)),
            .required("available", Schema.integer(0...Int64.max, "Null without a limit.").nullable),
            .required("standard", .boolean("Whether nobody has set it.")),
        ]))
}
