import Kernel
package import Storage
package import Web

/// Alerts that are about what a request made, or have done something to it.
package struct AlertTrace: TraceSource {
    package init() {}

    package func links(of trace: Trace, _ connection: Connection) throws -> [TraceLink] {
        guard !trace.resources.isEmpty else { return [] }
        let tenant = trace.caller.tenant
        let deeds = try AlertDeed.touching(trace.resources, in: tenant, connection)
        let groups = try StoredGroup.about(trace.resources, in: tenant, connection)
        return try Alert.all(in: tenant, connection).filter { try $0.isVisible(to: trace.caller, connection) }.flatMap { alert in
            let own = deeds.filter { $0.alert == alert.id }
            let turns = trace.events.filter { $0.subject == alert.id.rawValue }
            let isAbout = alert.draft.subject.resource.map { trace.resources.contains($0.rawValue) } ?? false
            let members = groups.filter { $0.alert == alert.id }.map(\.group)
            guard isAbout || !members.isEmpty || !own.isEmpty || !turns.isEmpty else { return [TraceLink]() }
            let state = TraceLink(
                "alert", id: alert.id.rawValue, href: "/v1/alerts/\(alert.id)", at: alert.phase.since,
                detail: [
                    "state": .string(alert.phase.state.rawValue), "rule": .string(alert.draft.rule.source),
                    "event_ids": .array(turns.prefix(20).map { JSON($0.id) }),
                    "groups": .array(
                        members.map { ["group": $0.group.json, "state": .string($0.phase.state.rawValue), "since": JSON($0.phase.since)] }),
                ])
            return [state]
                + own.map { TraceLink("alert_action", id: $0.id.rawValue, href: "/v1/alerts/\(alert.id)", at: $0.at, detail: $0.json) }
        }
    }
}
