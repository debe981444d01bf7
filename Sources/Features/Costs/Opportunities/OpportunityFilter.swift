import Kernel
import Storage
import Web

/// What a request looks for among the opportunities: everything it names must hold.
struct OpportunityFilter: Sendable {
    private let body: JSON
    private let status: Opportunity.Status?

    /// A body that fits `fields`.
    init(_ body: JSON?) {
        self.body = body ?? .object([])
        status = body?["status"]?.string.flatMap { Opportunity.Status(anySpelling: $0) }
    }

    /// It asks for a status there is none of.
    var isImpossible: Bool { body["status"] != nil && status == nil }

    static let fields: [Schema.Field] =
        ["opportunity_type_id", "status", "account", "region", "service", "category", "record_id", "source", "github_pr_key"].map {
            .optional($0, .string(0...255, .echo))
        } + ["code_automation", "details"].map { .optional($0, .boolean()) }
        + ["thread_id", "secondary_id", "priority"].map { .optional($0, .integer(Int64.min...Int64.max)) }
        + [
            .optional(
                "tags",
                .array(
                    .object([.required("Key", .string(0...255, .echo)), .optional("Value", Schema.string(0...255, .echo).nullable)]),
                    0...100, "All must be there; without a value the key alone."))
        ]
        + ["last_detected_start_date", "last_detected_end_date", "status_updated_start_date", "status_updated_end_date"].map {
            .optional($0, .string(10...10, .date, "Inclusive, UTC."))
        }

    /// What the database can tell.
    var condition: (sql: String, values: [SQLValue]) {
        var sql = ""
        var values: [SQLValue] = []
        func need(_ condition: String, _ value: SQLValue?) {
            guard let value else { return }
            sql += " AND \(condition) ?"
            values.append(value)
        }
        need("type =", body["opportunity_type_id"]?.string?.sqlValue)
        need("record_id =", body["record_id"]?.string?.sqlValue)
        need("source =", body["source"]?.string?.sqlValue)
        need("pull_request =", body["github_pr_key"]?.string?.sqlValue)
        need("status =", status?.sqlValue)
        need("thread =", body["thread_id"]?.integer?.sqlValue)
        need("secondary_id =", body["secondary_id"]?.integer?.sqlValue)
        need("priority =", body["priority"]?.integer?.sqlValue)
        need("automation =", body["code_automation"]?.bool?.sqlValue)
        need("last_detected_at >=", day("last_detected_start_date")?.sqlValue)
        need("last_detected_at <", day("last_detected_end_date")?.adding(days: 1).sqlValue)
        need("status_updated_at >=", day("status_updated_start_date")?.sqlValue)
        need("status_updated_at <", day("status_updated_end_date")?.adding(days: 1).sqlValue)
        return (sql, values)
    }

    /// The rest of it.
    func fits(_ opportunity: Opportunity) -> Bool {
        let place = opportunity.place
        let texts = [("account", place.account), ("region", place.region), ("service", place.service)]
        guard texts.allSatisfy({ name, value in body[name]?.string.map { $0 == value } ?? true }) else { return false }
        guard body["category"]?.string.map({ $0.lowercased() == place.category.lowercased() }) ?? true else { return false }
        guard body["details"]?.bool.map({ $0 != (opportunity.details.members ?? []).isEmpty }) ?? true else { return false }
        return (body["tags"]?.array ?? []).allSatisfy { tag in
            guard let value = place.tags[tag["Key"]?.string ?? ""] else { return false }
            return tag["Value"]?.string.map { $0 == value } ?? true
        }
    }

    private func day(_ name: String) -> Timestamp? { body[name]?.string.flatMap { Timestamp($0 + "T00:00:00Z") } }
}
