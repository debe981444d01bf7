package import Kernel
import Storage
package import Web

/// The quota and billing unit inside a workspace; every project belongs to one.
package struct Account: Sendable {
    package let id: AccountID
    package let name: String
    package let isDefault: Bool
    /// Requests a calendar month (UTC) that may be used; nil means no limit.
    package let quotaRequests: Int?
    /// Requests a month that cost nothing; what is above is overage. Nil means all are included.
    package let includedRequests: Int?
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package var etag: ETag { ETag(version: version) }
}

package struct AccountDraft: Sendable {
    package var name: String
    package var quotaRequests: Int?
    package var includedRequests: Int?

    package init(name: String, quotaRequests: Int?, includedRequests: Int?) {
        self.name = name
        self.quotaRequests = quotaRequests
        self.includedRequests = includedRequests
    }
}

extension Account: JSONRepresentable, SchemaDescribed {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("name", name)
            json.field("is_default", isDefault)
            json.field("quota_requests", quotaRequests)
            json.field("included_requests", includedRequests)
            json.field("created_at", createdAt)
            json.field("updated_at", updatedAt)
        }
    }

    /// What stands in the log about it.
    var snapshot: JSON { ["name": .string(name), "quota_requests": JSON(quotaRequests), "included_requests": JSON(includedRequests)] }

    static let amount = Schema.integer(0...1_000_000_000_000)
    package static let schema = Schema.named(
        "Account",
        .object([
            .required("id", .id("acc")), .required("name", .name()),
            .required(
                "is_default", .boolean("Projects that name no account, and requests that name no project, go to the default account.")),
            .required("quota_requests", amount.nullable.described("Requests a calendar month (UTC) that may be used; null for no limit.")),
            .required("included_requests", amount.nullable.described("Requests a month without overage; null when all are included.")),
            .required("created_at", .timestamp()), .required("updated_at", .timestamp()),
        ]))
}
