package import Kernel
import Storage
package import Web

/// A small project that gathers opportunities. What is in it goes along with its status.
package struct OpportunityThread: Sendable {
    package let id: Int64
    package var name: String
    package var description: String
    package var status: Status
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package enum Status: String, Sendable, CaseIterable, SQLConvertible {
        case open = "Open"
        case validation = "Validation"
        case implementation = "Implementation"
        case done = "Done"
        case rejected = "Rejected"

        /// What the thread's opportunities are then (Cloudthread, 3.9).
        var ofMembers: Opportunity.Status {
            switch self {
            case .open: .assigned
            case .validation: .validation
            case .implementation: .inProgress
            case .done: .done
            case .rejected: .archived
            }
        }
    }

    package var etag: ETag { ETag(version: version) }
    var snapshot: JSON { ["name": .string(name), "description": .string(description), "status": .string(status.rawValue)] }
    var subject: String { "opportunity_thread/\(id)" }

    static let snapshotFields: [Schema.Field] = [
        .required("name", .name()), .required("description", .string(0...1000)), .required("status", .choice(of: Status.self)),
    ]

    /// With what its opportunities amount to.
    struct View: JSONRepresentable {
        let thread: OpportunityThread
        let members: [Opportunity]

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("id", thread.id)
                json.field("name", thread.name)
                json.field("description", thread.description)
                json.field("status", thread.status.rawValue)
                json.field("monthly_savings", members.reduce(ExactDecimal.zero) { $0 + $1.impact })
                json.field("currency", "USD")
                json.field("difficulty", members.map(\.difficulty).max { $0.rank < $1.rank }?.rawValue)
                json.array("opportunity_ids", members) { json, member in json.value(member.id) }
                json.field("created_at", thread.createdAt)
                json.field("updated_at", thread.updatedAt)
            }
        }

        static let schema = Schema.named(
            "OpportunityThread",
            .object(
                [.required("id", Opportunity.thread)] + snapshotFields + [
                    .required("monthly_savings", Opportunity.amount.described("Of all in it, US dollars a month.")),
                    .required("currency", .string(3...3)),
                    .required(
                        "difficulty", Schema.choice(of: Opportunity.Difficulty.self, "The worst in it; null while it is empty.").nullable),
                    .required("opportunity_ids", .array(.integer(1...Int64.max), 0...1_000_000)),
                    .required("created_at", .timestamp()), .required("updated_at", .timestamp()),
                ]))
    }
}

extension Opportunity.Difficulty {
    fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension Opportunity {
    /// Sets a status by hand. Throws `invalid_state` for what is done, or goes along with a thread.
    mutating func set(_ wanted: Status) throws {
        guard wanted != status else { return }
        guard thread == nil else { throw Problem(.invalidState, "Its status is its thread's; take it out of the thread first.") }
        guard status != .done else { throw Problem(.invalidState, "What is done stays done.") }
        status = wanted
    }

    /// Joins a thread, or leaves the one it is in. Throws `validation_failed` for a thread there is not, `invalid_state` for what is done.
    mutating func move(to wanted: Int64?, _ tenant: Tenant, _ connection: Connection) throws {
        guard wanted != thread else { return }
        guard status != .done else { throw Problem(.invalidState, "What is done stays done.") }
        guard let wanted else {
            (thread, status) = (nil, .open)
            return
        }
        guard let found = try OpportunityThread.find(wanted, in: tenant, connection) else {
            throw Problem.invalid("thread_id", "There is no such thread.", code: "not_found")
        }
        (thread, status) = (wanted, found.status.ofMembers)
    }
}
