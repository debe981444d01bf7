// Instances that nobody needs at night are stopped then and started in the morning, through the same admission as a person's stop and start.
// Only the moments of the week at which something is to be done matter: who starts an instance by hand in between keeps it until the next.

package import Kernel
import Storage
import Web

package enum ScheduleKind: IDKind { package static let prefix = "sch" }
package typealias ScheduleID = ID<ScheduleKind>

struct Schedule: Sendable {
    let id: ScheduleID
    let tenant: Tenant
    let project: ProjectID
    var name: String
    var isEnabled: Bool
    var times: WeeklyTimes
    /// Labels of the instances it is for; nil when they are named.
    var selector: String?
    var instances: [ResourceID]
    /// What is to be done next; nil when it is not enabled.
    var next: WeeklyTimes.Moment?
    /// Of the stops that are over.
    var savedAmount: ExactDecimal
    var savedMilliseconds: Int64
    var savedCurrency: String
    var version: Int
    let createdAt: Timestamp
    var updatedAt: Timestamp

    var etag: ETag { ETag(version: version) }

    var snapshot: JSON {
        .object(
            (times.json.members ?? []) + [
                .init("name", .string(name)), .init("project_id", JSON(project)), .init("enabled", .bool(isEnabled)),
                .init("selector", JSON(selector)), .init("instance_ids", .array(instances.map { .string($0.rawValue) })),
            ])
    }
}

/// A stop of a schedule's whose saving goes on, or is not settled yet.
struct ScheduledStop: Sendable {
    let schedule: ScheduleID
    let tenant: Tenant
    let instance: ResourceID
    let sku: String
    let at: Timestamp
}
