import Identity
package import Kernel
import Storage
package import Web

/// One recommended action that would save money, on one resource or one commitment.
///
/// Found by a detector or written down by a person. What is found again under the same source, type and record is the same one: it keeps
/// its number, its status and the moment it was first seen.
package struct Opportunity: Sendable {
    package let id: Int64
    package let source: String
    package let type: String
    package let recordID: String
    package var status: Status
    package var place: Place
    package var difficulty: Difficulty
    /// US dollars a month.
    package var impact: ExactDecimal
    package var priority: Int64?
    package var thread: Int64?
    package var githubPullRequest: String?
    /// The number in the system it came from.
    package var secondaryID: Int64?
    package var hasAutomation: Bool
    /// What else is to be said; nothing here is searched.
    package var details: JSON
    package let isManual: Bool
    package let version: Int
    package let createdAt: Timestamp
    package var lastDetectedAt: Timestamp
    package var statusUpdatedAt: Timestamp
    /// When a detector that had found it found it no more; nil while it does, and for what a person ended.
    package internal(set) var goneAt: Timestamp?

    /// What it is about.
    package struct Place: Sendable, Equatable {
        package var platform = ""
        package var account = ""
        package var region = ""
        package var service = ""
        package var category = ""
        /// Of our own resources.
        package var project: ProjectID?
        package var tags: [String: String] = [:]

        package init() {}
    }

    package enum Status: String, Sendable, CaseIterable, SQLConvertible {
        case open = "Open"
        case assigned = "Assigned"
        case inProgress = "In Progress"
        case validation = "Validation"
        case done = "Done"
        case archived = "Archived"

        /// Whatever case it is in, with spaces, dashes or underlines.
        package init?(anySpelling text: String) {
            let plain = { (text: String) in text.lowercased().filter { ![" ", "_", "-"].contains($0) } }
            guard let found = Self.allCases.first(where: { plain($0.rawValue) == plain(text) }) else { return nil }
            self = found
        }
    }

    package enum Difficulty: String, Sendable, CaseIterable, SQLConvertible {
        /// No downtime, no loss of performance.
        case easy = "Easy"
        /// Slower, perhaps.
        case medium = "Medium"
        /// Downtime, perhaps.
        case hard = "Hard"
    }

    package var etag: ETag { ETag(version: version) }

    /// For the filter of a team.
    var facts: DataFilter.Facts {
        DataFilter.Facts(
            bucket: DataFilter.Bucket(provider: place.platform),
            values: [.account: place.account, .region: place.region, .service: place.service], tags: place.tags)
    }
}

extension Opportunity {
    /// Savings over other spans: 365/12 days a month, 3 months a quarter, 12 a year; a day rounded half-even to 18 places.
    private var savings: [(StaticString, ExactDecimal)] {
        [
            ("daily", (impact * 12).divided(by: 365)), ("monthly", impact), ("quarterly", impact * 3), ("yearly", impact * 12),
        ]
    }

    /// As the Cloudthread API writes it.
    struct Documented: JSONRepresentable {
        let opportunity: Opportunity

        func write(to json: inout JSONWriter) {
            let it = opportunity
            json.object { json in
                json.field("id", it.id)
                json.field("source", it.source)
                json.object("opportunity_details") { json in
                    for (name, value) in it.words where !value.isEmpty { json.dynamicField(name, value) }
                    json.field("difficulty", it.difficulty.rawValue)
                    for (name, amount) in it.savings { json.field(name, amount.asNumber) }
                    for member in it.details.members ?? [] where !Self.own.contains(member.name) {
                        json.dynamicField(member.name, member.value)
                    }
                }
                json.field("opportunity_type_id", it.type)
                json.field("cost_impact", it.impact.asNumber)
                json.field("record_id", it.recordID)
                json.field("status", it.status.rawValue)
                json.field("status_updated_at", it.statusUpdatedAt)
                json.field("created_at", it.createdAt)
                json.field("last_detected_at", it.lastDetectedAt)
                json.present("thread_id", it.thread)
                json.present("github_pr_key", it.githubPullRequest)
            }
        }

        private static let own: Set<String> = [
            "platform", "account", "region", "service", "category", "type", "difficulty", "daily", "monthly", "quarterly", "yearly",
        ]

        static let schema = Schema.named(
            "CloudthreadOpportunity",
            .object([
                .required("id", .integer(1...Int64.max)), .required("source", .string(1...255, .echo)),
                .required("opportunity_details", Schema(.map(Schema(.any)), "Where it is, how hard, and what it saves.")),
                .required("opportunity_type_id", .string(1...255, .echo)), .required("cost_impact", .number("US dollars a month.")),
                .required("record_id", .string(1...255, .echo)), .required("status", .choice(of: Status.self)),
                .required("status_updated_at", .timestamp()), .required("created_at", .timestamp()),
                .required("last_detected_at", .timestamp()), .optional("thread_id", .integer(1...Int64.max)),
                .optional("github_pr_key", .string(1...255, .echo)),
            ]))
    }

    private var words: [(String, String)] {
        [
            ("platform", place.platform), ("account", place.account), ("region", place.region), ("service", place.service),
            ("category", place.category), ("type", isManual ? "Custom" : type.hasPrefix("COMMITMENT") ? "Rate" : "Usage"),
        ]
    }
}

extension Opportunity: JSONRepresentable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("source", source)
            json.field("type", type)
            json.field("record_id", recordID)
            json.field("status", status.rawValue)
            json.field("difficulty", difficulty.rawValue)
            json.field("monthly_savings", impact)
            json.field("currency", "USD")
            json.field("priority", priority)
            json.field("thread_id", thread)
            json.field("github_pr_key", githubPullRequest)
            json.field("secondary_id", secondaryID)
            json.field("code_automation", hasAutomation)
            json.field("platform", place.platform)
            json.field("account", place.account)
            json.field("region", place.region)
            json.field("service", place.service)
            json.field("category", place.category)
            json.field("project_id", place.project)
            json.field("tags", JSON.object(place.tags.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }))
            json.field("details", details)
            json.field("manual", isManual)
            json.field("created_at", createdAt)
            json.field("last_detected_at", lastDetectedAt)
            json.field("status_updated_at", statusUpdatedAt)
            json.field("gone_at", goneAt)
        }
    }

    /// As a bill may have it.
    private static let found = Schema.string(0...1_000_000, .echo)
    static let word = Schema.string(0...255, .text)
    static let amount = Schema.string(1...60, .text, "US dollars a month.").example("125.78")
    static let tags = Schema(.map(.string(0...255, .text)))
    static let priority = Schema.integer(Int64(Int32.min)...Int64(Int32.max))
    static let pullRequest = Schema.string(1...255, .text)
    static let thread = Schema.integer(1...Int64(Int32.max))

    package static let schema = Schema.named(
        "Opportunity",
        .object([
            .required("id", .integer(1...Int64.max)), .required("source", .string(1...255, .text)), .required("type", .string(1...255)),
            .required("record_id", .string(1...255, .echo)), .required("status", .choice(of: Status.self)),
            .required("difficulty", .choice(of: Difficulty.self)), .required("monthly_savings", amount),
            .required("currency", .string(3...3)), .required("priority", priority.nullable), .required("thread_id", thread.nullable),
            .required("github_pr_key", pullRequest.nullable), .required("secondary_id", Schema.integer(0...Int64.max).nullable),
            .required("code_automation", .boolean()), .required("platform", found), .required("account", found),
            .required("region", found), .required("service", found), .required("category", found),
            .required("project_id", Schema.id("proj").nullable), .required("tags", Schema(.map(found))),
            .required("details", Schema(.map(Schema(.any)))),
            .required("manual", .boolean("Written down by a person.")), .required("created_at", .timestamp()),
            .required("last_detected_at", .timestamp()), .required("status_updated_at", .timestamp()),
            .required(
                "gone_at",
                Schema.timestamp().described("When it was found no more, which made it `Done`; it opens again when it is found again.")
                    .nullable),
        ]))

    /// What stands in the log about it.
    var snapshot: JSON {
        [
            "type": .string(type), "record_id": .string(recordID), "status": .string(status.rawValue), "monthly_savings": JSON(impact),
            "priority": JSON(priority), "thread_id": JSON(thread), "github_pr_key": JSON(githubPullRequest),
            "project_id": JSON(place.project),
        ]
    }

    static let snapshotSchema = Schema.object([
        .required("type", .string(1...255)), .required("record_id", .string(1...255, .echo)), .required("status", .choice(of: Status.self)),
        .required("monthly_savings", amount), .required("priority", priority.nullable), .required("thread_id", thread.nullable),
        .required("github_pr_key", pullRequest.nullable), .required("project_id", Schema.id("proj").nullable),
    ])

    /// How the log knows it.
    var subject: String { "opportunity/\(id)" }
}
