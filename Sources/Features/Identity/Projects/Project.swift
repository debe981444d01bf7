package import Kernel
package import Storage
package import Web

/// Where resources live. It has a live and a test side under one id.
package struct Project: Sendable {
    package let id: ProjectID
    package let account: AccountID
    package let name: String
    package let description: String
    package let env: Environment
    package let status: Status
    /// Requests a calendar month (UTC); nil means what the account allows.
    package let quotaRequests: Int?
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package enum Environment: String, Sendable, CaseIterable, SQLConvertible {
        case production = "prod"
        case staging
        case development = "dev"
    }

    package enum Status: String, Sendable, CaseIterable, SQLConvertible {
        case active
        case archived
    }

    package var etag: ETag { ETag(version: version) }

    /// Throws `project_archived`. Reads go on; nothing is made or changed in an archived project.
    package func requireActive() throws {
        guard status == .active else { throw Problem(.projectArchived, "The project \(name) is archived.") }
    }
}

package struct ProjectDraft: Sendable {
    package var name: String
    package var description = ""
    package var env = Project.Environment.development
    package var status = Project.Status.active
    /// Nil means the workspace's default account.
    package var account: AccountID?
    package var quotaRequests: Int?

    package init(name: String) { self.name = name }

    package static let nameSchema = Schema.name()
    package static let descriptionSchema = Schema.string(0...1000)

    /// Throws `insufficient_scope` or `forbidden` unless the caller may make a project.
    package static func requireMaker(_ caller: Caller) throws {
        try caller.require(.projectsWrite)
        try caller.requireWorkspace(.editor)
    }
}

extension Project: JSONRepresentable, SchemaDescribed {
    /// As it stands in a list.
    package func write(to json: inout JSONWriter) {
        json.object { json in writeMembers(to: &json) }
    }

    private func writeMembers(to json: inout JSONWriter) {
        json.field("id", id)
        json.field("name", name)
        json.field("status", status.rawValue)
        json.field("env", env.rawValue)
        json.field("account_id", account)
        json.field("created_at", createdAt)
    }

    private static let listed: [Schema.Field] = [
        .required("id", .id("proj")), .required("name", .name().example("Core Platform")), .required("status", .choice(of: Status.self)),
        .required("env", .choice(of: Environment.self, "The environment its resources are for.")), .required("account_id", .id("acc")),
        .required("created_at", .timestamp()),
    ]
    package static let schema = Schema.named("ProjectSummary", .object(listed))

    /// What stands in the log about it.
    var snapshot: JSON {
        [
            "name": .string(name), "description": .string(description), "env": .string(env.rawValue), "status": .string(status.rawValue),
            "account_id": JSON(account), "quota_requests": JSON(quotaRequests),
        ]
    }

    /// A project as it is answered alone, with its usage counter.
    struct Detail: JSONRepresentable, SchemaDescribed {
        let project: Project
        let requestsInLastDay: Int

        func write(to json: inout JSONWriter) {
            json.object { json in
                project.writeMembers(to: &json)
                json.field("description", project.description)
                json.field("quota_requests", project.quotaRequests)
                json.field("requests_24h", requestsInLastDay)
                json.field("updated_at", project.updatedAt)
            }
        }

        static let schema = Schema.named(
            "Project",
            .object(
                listed + [
                    .required("description", .string(0...1000)),
                    .required(
                        "quota_requests",
                        Account.amount.nullable.described("Requests a calendar month (UTC); null for what the account allows.")),
                    .required(
                        "requests_24h",
                        .integer(0...Int64.max, "Requests charged to it in the last 24 hours, in the mode of the credential.")),
                    .required("updated_at", .timestamp()),
                ]))
    }
}

/// What Identity needs of metering: how busy a project was.
package protocol ProjectActivity: Sendable {
    /// Requests charged to the project in the 24 hours before `now`, in the tenant's mode.
    func requestsInLastDay(of project: ProjectID, in tenant: Tenant, at now: Timestamp, _ connection: Connection) throws -> Int
}
