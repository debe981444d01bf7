import Kernel
import Storage
package import Web

/// What differed from what was wanted, what was done about it, and what nobody manages, for the compliance report.
package enum DriftReport {
    package static let section = ReportSection(
        "drift", "Drift and unmanaged", criteria: ["CC7.1", "CC8.1"],
        query: "drift.* with occurred_at < to, of drifts that were open in the period",
        columns: [
            "drift_id", "class", "kind", "resource_id", "name", "project_id", "connection_id", "provider_ref", "fields", "detected_at",
            "resolved_at", "resolution", "reverts", "operation_ids", "decided_by", "open_hours",
        ], gaps: ["What changed and changed back between two looks was not seen."], types: ["drift."]
    ) { DriftCollector(period: $0) }
}

private struct DriftCollector: ReportCollector {
    private struct Known {
        var data: CompactJSON
        let detectedAt: Timestamp
        var resolvedAt: Timestamp?
        var resolution: String?
        var decidedBy: String?
        var operations: [String] = []
    }

    let period: ReportPeriod
    private var drifts: [String: Known] = [:]

    init(period: ReportPeriod) { self.period = period }

    mutating func take(_ event: ReportedEvent, _ rows: inout [ReportRow]) {
        guard let id = event.data["drift_id"]?.string else { return }
        drifts[id, default: Known(data: event.data, detectedAt: event.at)].data = event.data
        switch event.type {
        case "drift.reverting": if let operation = event.data["operation_id"]?.string { drifts[id]?.operations.append(operation) }
        case "drift.resolved":
            drifts[id]?.resolvedAt = event.at
            drifts[id]?.resolution = event.data["resolution"]?.string
            drifts[id]?.decidedBy = event.actor.id
        default: break
        }
        // What was over before the period is in no row of it.
        if let end = drifts[id]?.resolvedAt, end < period.from { drifts[id] = nil }
    }

    mutating func end(_ rows: inout [ReportRow]) {
        for (id, known) in drifts.sorted(by: { $0.key < $1.key }) {
            guard period.covers(known.data["project_id"]?.string.map { ProjectID($0) }) else { continue }
            let copied = ["class", "kind", "resource_id", "name", "project_id", "connection_id", "provider_ref", "fields"].map {
                JSON.Member($0, known.data[$0]?.json ?? .null)
            }
            let end = known.resolvedAt ?? period.to
            rows.append(
                ReportRow(
                    .object(
                        copied + [
                            .init("drift_id", .string(id)), .init("detected_at", JSON(known.detectedAt)),
                            .init("resolved_at", JSON(known.resolvedAt)), .init("resolution", JSON(known.resolution)),
                            .init("reverts", JSON(known.operations.count)),
                            .init("operation_ids", .array(known.operations.map(JSON.string))), .init("decided_by", JSON(known.decidedBy)),
                            .init("open_hours", .integer((end.seconds - known.detectedAt.seconds) / 3600)),
                        ])))
        }
    }
}
