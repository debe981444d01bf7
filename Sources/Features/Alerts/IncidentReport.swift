import Kernel
import Storage
package import Web

/// What went wrong in a period and when it was over, for the compliance report.
package enum IncidentReport {
    package static let section = ReportSection(
        "incidents", "Incidents", criteria: ["CC7.3", "CC7.4"],
        query: "alert.firing, alert.resolved, alert.acted, alert.silenced, operation.stuck, operation.blocked with occurred_at < to",
        columns: [
            "opened_at", "closed_at", "state", "what", "subject", "name", "severity", "rule", "project_id", "actions", "silenced", "seq",
            "duration_seconds", "group", "late",
        ], gaps: ["There is no sign-off of single incidents; a silence is the only acknowledgement."], types: ["alert.", "operation."]
    ) { IncidentCollector(period: $0) }
}

private struct IncidentCollector: ReportCollector {
    private struct Incident {
        let opening: ReportedEvent
        var actions: Int64 = 0
        var isSilenced = false
    }

    /// An alert, or one group of it.
    private struct Place: Hashable {
        let alert: String
        /// As it is written; empty for an alert without groups.
        let text: String

        init(_ event: ReportedEvent) {
            alert = event.subject
            text = event.data["group"]?.text ?? ""
        }

        func isSilenced(by event: ReportedEvent) -> Bool {
            guard alert == event.subject else { return false }
            let group = try? JSONParser.parse(text.utf8)
            return (event.data["matchers"]?.members ?? []).allSatisfy { group?[$0.name] == $0.value.json }
        }
    }

    let period: ReportPeriod
    private var open: [Place: Incident] = [:]

    init(period: ReportPeriod) { self.period = period }

    mutating func take(_ event: ReportedEvent, _ rows: inout [ReportRow]) {
        switch event.type {
        // Whoever fires again after recovering has never been resolved.
        case "alert.firing": if open[Place(event)] == nil { open[Place(event)] = Incident(opening: event) }
        case "alert.acted": open[Place(event)]?.actions += 1
        case "alert.silenced": for place in open.keys where place.isSilenced(by: event) { open[place]?.isSilenced = true }
        case "alert.resolved": close(Place(event), at: event, &rows)
        case "alert.deleted":
            for place in open.keys.filter({ $0.alert == event.subject }).sorted(by: { $0.text < $1.text }) {
                close(place, at: event, &rows)
            }
        case "operation.stuck", "operation.blocked":
            if event.isInPeriod { append(Incident(opening: event), closed: nil, &rows) }
        default: break
        }
    }

    private mutating func close(_ place: Place, at event: ReportedEvent, _ rows: inout [ReportRow]) {
        guard let incident = open.removeValue(forKey: place), event.isInPeriod else { return }
        append(incident, closed: event.at, &rows)
    }

    /// Those that are still open, the oldest first.
    mutating func end(_ rows: inout [ReportRow]) {
        for incident in open.values.sorted(by: { $0.opening.sequence < $1.opening.sequence }) {
            append(incident, closed: nil, &rows)
        }
    }

    private func append(_ incident: Incident, closed: Timestamp?, _ rows: inout [ReportRow]) {
        let event = incident.opening
        guard period.covers(event.project) else { return }
        let isAlert = event.type == "alert.firing"
        rows.append(
            ReportRow([
                "opened_at": JSON(event.at), "closed_at": JSON(closed), "state": .string(closed == nil ? "open" : "closed"),
                "what": .string(isAlert ? "alert" : event.type), "subject": .string(event.subject),
                "name": JSON(event.data["name"]?.string),
                "severity": JSON(event.data["severity"]?.string), "rule": JSON(event.data["rule"]?.string),
                "project_id": JSON(event.project), "actions": .integer(incident.actions), "silenced": .bool(incident.isSilenced),
                "seq": .integer(event.sequence), "duration_seconds": JSON(closed.map { Int($0.seconds - event.at.seconds) }),
                "group": event.data["group"]?.json ?? .null, "late": event.data["late"]?.json ?? false,
            ]))
    }
}
