import Kernel
import Storage
package import Web

/// Every change of the period: the one section that is as long as the log.
package enum ChangeLogSection {
    private static let gap = "Addresses are shown as their salted digests, since they can be erased on request."

    package static let section = section(
        planned: ["plan_id", "approved_by"],
        gaps: [gap, "What a plan does to its members stands under who applied it, with the same request_id."],
        earlier: [section(planned: [], gaps: [gap, "Plans and approvals are not known here."], earlier: [])])

    /// `planned` are the members that say which plan a change is of.
    private static func section(planned: [String], gaps: [String], earlier: [ReportSection]) -> ReportSection {
        ReportSection(
            "change_log", "Change log", criteria: ["CC8.1", "CC7.2"], query: "every event with from <= occurred_at < to",
            columns: [
                "seq", "at", "type", "outcome", "subject", "name", "project_id", "actor_type", "actor_id", "credential_id", "ip_digest",
                "request_id",
            ] + planned + ["fields", "before_sha256", "after_sha256", "event_id", "event_hash"], gaps: gaps, earlier: earlier
        ) { ChangeLog(period: $0, namesPlans: !planned.isEmpty) }
    }
}

private struct ChangeLog: ReportCollector {
    let period: ReportPeriod
    let namesPlans: Bool
    private var json = JSONWriter(capacity: 2048)

    init(period: ReportPeriod, namesPlans: Bool) {
        self.period = period
        self.namesPlans = namesPlans
    }

    mutating func take(_ event: ReportedEvent, _ rows: inout [ReportRow]) {
        guard event.isInPeriod, period.covers(event.project) else { return }
        let data = event.data
        let (before, after) = (data["before"], data["after"])
        let isOfPlan = namesPlans && (event.type.hasPrefix("plan.") || event.type.hasPrefix("stack."))
        json.removeAll()
        // In the order of RFC 8785, so that nothing has to be sorted.
        json.object { json in
            json.field("actor_id", event.actor.id)
            json.field("actor_type", event.actor.type)
            json.field("after_sha256", after.map(Self.digest))
            if namesPlans { json.field("approved_by", isOfPlan ? data["approved_by"]?.string : nil) }
            json.field("at", event.at)
            json.field("before_sha256", before.map(Self.digest))
            json.field("credential_id", event.actor.credential)
            json.field("event_hash", EventLog.hexadecimal(event.event.hash))
            json.field("event_id", event.row[.id])
            json.array("fields", Self.changes(before, after))
            json.field("ip_digest", event.row[.personal]?["actor.ip"])
            json.field("name", (after ?? before ?? data)["name"].flatMap { $0.isString ? $0 : nil })
            json.field("outcome", Self.outcome(event.type))
            if namesPlans { json.field("plan_id", isOfPlan ? data["plan_id"]?.string ?? event.plan : nil) }
            json.field("project_id", event.project)
            json.field("request_id", event.row[.request])
            json.field("seq", event.sequence)
            json.field("subject", event.row[.subject])
            json.field("type", event.type)
        }
        rows.append(ReportRow(canonical: json.bytes))
    }

    func end(_ rows: inout [ReportRow]) {}

    private static func digest(_ value: CompactJSON) -> String { EventLog.hexadecimal(EventLog.digest(of: value.utf8)) }

    private static func changes(_ before: CompactJSON?, _ after: CompactJSON?) -> [String] {
        guard let before = before?.members, let after = after?.members else { return [] }
        let old = Dictionary(before.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        return after.filter { old[$0.name] != $0.value }.map(\.name)
    }

    private static func outcome(_ type: String) -> String {
        type.hasSuffix("_failed") ? "failed" : type.hasSuffix("_requested") ? "requested" : "done"
    }
}

extension ReportedEvent {
    /// The plan that it is about.
    fileprivate var plan: String? { type.hasPrefix("plan.") ? subject : nil }
}
