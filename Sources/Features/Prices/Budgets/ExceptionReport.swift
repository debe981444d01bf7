import Kernel
import Storage
package import Web

/// Changes of what limits spending and use, and exceptions to it, for the compliance report.
package enum ExceptionReport {
    private static let limits = [
        "budget.created", "budget.updated", "budget.deleted", "quota.changed", "project.frozen", "project.unfrozen", "alert.undone",
        "alert.silenced",
    ]
    private static let policies = [
        "policy.created", "policy.updated", "policy.deleted", "policy.denied", "policy.warned", "plan.approved",
    ]
    private static let gap = "Refusals over a budget or a quota (402, 409) are no events."

    package static let section = section(
        limits + policies, gap: gap, earlier: [section(limits, gap: gap + " There are no approvals to name.", earlier: [])])

    private static func section(_ types: [String], gap: String, earlier: [ReportSection]) -> ReportSection {
        ReportSection(
            "exceptions", "Policy and budget exceptions", criteria: ["CC5.2", "CC3.2"],
            query: types.joined(separator: ", ") + " with from <= occurred_at < to",
            columns: ["at", "seq", "type", "subject", "project_id", "actor_type", "actor_id", "request_id", "detail"], gaps: [gap],
            types: types, earlier: earlier
        ) { ExceptionCollector(types: Set(types), period: $0) }
    }
}

private struct ExceptionCollector: ReportCollector {
    let types: Set<String>
    let period: ReportPeriod

    func take(_ event: ReportedEvent, _ rows: inout [ReportRow]) {
        guard event.isInPeriod, types.contains(event.type), period.covers(event.project) else { return }
        rows.append(
            ReportRow([
                "at": JSON(event.at), "seq": .integer(event.sequence), "type": .string(event.type), "subject": .string(event.subject),
                "project_id": JSON(event.project), "actor_type": .string(event.actor.type), "actor_id": .string(event.actor.id),
                "request_id": JSON(event.request), "detail": event.data.json,
            ]))
    }

    func end(_ rows: inout [ReportRow]) {}
}
