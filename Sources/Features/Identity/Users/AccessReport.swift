import Kernel
import Storage
package import Web

/// Who may do what at the end of a period, for the compliance report.
package enum AccessReport {
    package static let section = ReportSection(
        "access_review", "Access review", criteria: ["CC6.2", "CC6.3"],
        query: "user.*, project.member_*, session.begun with occurred_at < to; last_activity_at from the actor of every event",
        columns: ["user_id", "status", "reach", "role", "granted_at", "granted_by", "last_activity_at", "dormant"],
        gaps: ["Names and e-mail addresses are left out: they can be erased. GET /v1/users/{id} tells them."]
    ) { AccessCollector(period: $0) }
}

private struct AccessCollector: ReportCollector {
    private struct Grant {
        let role: String
        let at: Timestamp
        let by: String
    }
    private struct Person {
        var status: String
        var workspace: Grant
        var projects: [String: Grant] = [:]
    }

    /// Days without a change or a sign-in after which somebody is dormant.
    private static let dormancy: Int64 = 60

    /// Of the types that are read below.
    private static let prefixes = ["user.", "session.", "project.member_"]

    let period: ReportPeriod
    private var people: [String: Person] = [:]
    private var seen = LastSeen()

    init(period: ReportPeriod) { self.period = period }

    mutating func take(_ event: ReportedEvent, _ rows: inout [ReportRow]) {
        if event.actor.type == "user" { seen.note(event.actor.id, at: event.at) }
        guard Self.prefixes.contains(where: event.type.hasPrefix) else { return }
        let id = event.data["user_id"]?.string ?? event.subject
        switch event.type {
        case "session.begun": seen.note(id, at: event.at)
        case "user.created", "user.invited", "user.updated", "user.deactivated", "user.reactivated": set(id, event)
        case "user.activated": people[id]?.status = "active"
        case "user.erased": people[id] = nil
        case "project.member_set":
            let grant = grant(event.data["role"]?.string, event)
            people[id]?.projects[event.subject] = grant
        case "project.member_removed": people[id]?.projects[event.subject] = nil
        default: break
        }
    }

    private mutating func set(_ id: String, _ event: ReportedEvent) {
        let role = event.after?["role"]?.string
        let status = event.after?["status"]?.string ?? ""
        let grant = grant(role, event)
        var person = people[id] ?? Person(status: status, workspace: grant)
        person.status = status
        if let role, role != person.workspace.role { person.workspace = grant }
        people[id] = person
    }

    private func grant(_ role: String?, _ event: ReportedEvent) -> Grant {
        Grant(role: role ?? "", at: event.at, by: event.actor.id)
    }

    mutating func end(_ rows: inout [ReportRow]) {
        for (id, person) in people.sorted(by: { $0.key < $1.key }) {
            // Admins of the workspace reach every project.
            let projects = person.projects.filter { period.covers(ProjectID($0.key)) }.sorted { $0.key < $1.key }
            if period.projects == nil || person.workspace.role == "admin" { rows.append(row(id, person, "workspace", person.workspace)) }
            for (project, grant) in projects { rows.append(row(id, person, project, grant)) }
        }
    }

    private func row(_ id: String, _ person: Person, _ reach: String, _ grant: Grant) -> ReportRow {
        let last = seen[id]
        return ReportRow([
            "user_id": .string(id), "status": .string(person.status), "reach": .string(reach), "role": .string(grant.role),
            "granted_at": JSON(grant.at), "granted_by": .string(grant.by), "last_activity_at": JSON(last),
            "dormant": .bool((last ?? grant.at).adding(days: Self.dormancy) < period.to),
        ])
    }
}
