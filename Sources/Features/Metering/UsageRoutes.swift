import HTTPTypes
import Identity
import Kernel
import Storage
package import Web

package enum UsageRoutes {
    package static var all: [Route] {
        [
            Route(
                .get, "/v1/usage", .scope(.usageRead), "Usage in the current billing period",
                details: "Of the account the credential's requests are charged to; `account_id` names another one.",
                query: [.init("account_id", .string(1...100))], answers: [.ok(PeriodUsage.schema)], problems: [.notFound], handler: period),
            Route(
                .get, "/v1/accounts/{id}/usage", .scope(.usageRead), "An account's usage in windows",
                details: "Without `from`, the last 12 buckets; the one that has not ended is flagged `complete: false`.",
                query: [
                    .init("window", .choice(of: UsageWindow.self, "The size of a bucket; an hour when left out.")),
                    .init("from", .timestamp("From when, included.")), .init("to", .timestamp("Until when, not included.")),
                ], answers: [.ok(AccountUsage.schema)], handler: windows),
        ]
    }

    private static func period(_ call: Call) async throws -> Answer {
        let usage = try await call.read { connection in
            try PeriodUsage.read(account(of: call, connection), in: call.caller.tenant, at: call.at, connection)
        }
        return .json(.ok, usage)
    }

    private static func account(of call: Call, _ connection: Connection) throws -> Account {
        if let id = call.query["account_id"] { return try Account.find(AccountID(id), for: call.caller, connection) }
        guard let project = call.caller.credential.project else { return try Account.standard(of: call.caller.workspace, connection) }
        return try Account.find(Project.find(project, for: call.caller, connection).account, in: call.caller.workspace, connection)
    }

    private static func windows(_ call: Call) async throws -> Answer {
        let window = call.query["window"].flatMap(UsageWindow.init) ?? .hour
        let (from, to) = (call.query["from"].flatMap { Timestamp($0) }, call.query["to"].flatMap { Timestamp($0) })
        let usage = try await call.read { connection in
            let account = try Account.find(call.id(), for: call.caller, connection)
            return try AccountUsage.read(account, in: call.caller.tenant, window: window, from: from, to: to, at: call.at, connection)
        }
        return .json(.ok, usage)
    }
}
