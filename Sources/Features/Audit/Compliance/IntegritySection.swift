import Kernel
import Storage
package import Web

/// Whether the log itself can be believed, and where it is silent.
package enum IntegritySection {
    package static let section = ReportSection(
        "integrity", "Integrity and gaps", criteria: ["CC7.2"],
        query: "every event with occurred_at < to: hashes and numbers recomputed; chain.anchored, metering.gap, audit.*",
        columns: ["at", "check", "result", "seq", "detail"],
        gaps: ["The clocks of providers are not compared with ours."]
    ) { _ in Integrity() }

    /// What the report is asked for and cannot tell, since nobody records it: named, not hidden.
    package static let missing = [
        ReportSection(
            "failed_access", "Failed access", criteria: ["CC6.1", "CC7.2"], query: "none", columns: [],
            gaps: ["Refused requests (401, 403) are counted in /metrics and stand in the server's log, but are no events."], collector: nil)
    ]
}

private struct Integrity: ReportCollector {
    private var previous: (sequence: Int64, hash: [UInt8], at: Timestamp)?
    private var count: Int64 = 0
    private var backwards: Int64 = 0
    private var first: Int64?
    private var broken: (sequence: Int64, reason: String)?
    private var notes: [ReportRow] = []

    mutating func take(_ event: ReportedEvent, _ rows: inout [ReportRow]) {
        let stored = event.event
        if broken == nil { check(stored) }
        if let previous, stored.occurredAt < previous.at { backwards += 1 }
        if first == nil { first = stored.sequence }
        count += 1
        previous = (stored.sequence, stored.hash, stored.occurredAt)
        guard event.isInPeriod else { return }
        switch event.type {
        case EventLog.anchorType: note("removed_rows", "listed", event)
        case "metering.gap": note("collector_outage", "listed", event)
        case "audit.checkpointed": note("checkpoint", "signed", event)
        case "audit.retention_changed": note("retention", "changed", event)
        default: break
        }
    }

    mutating func end(_ rows: inout [ReportRow]) {
        let result = broken.map { _ in "broken" } ?? "verified"
        let detail =
            broken?.reason
            ?? "\(count) rows, numbers \(first ?? 0) to \(previous?.sequence ?? 0), each with its hash and its predecessor's."
        rows.append(Self.row(nil, "chain", result, broken?.sequence ?? previous?.sequence ?? 0, detail))
        if let first, first > 1 {
            rows.append(
                Self.row(nil, "beginning", "incomplete", first, "The log was kept from number \(first) on; what was before is not told of.")
            )
        }
        rows.append(
            Self.row(
                nil, "clock", backwards == 0 ? "monotonous" : "listed", 0,
                "\(backwards) rows say an earlier time than the row before them (requests that were committed in another order)."))
        rows += notes
    }

    private mutating func check(_ event: EventRow) {
        if EventLog.digest(of: event.canonical) != event.hash {
            broken = (event.sequence, "Row \(event.sequence) does not have its hash.")
        } else if let previous, event.sequence != previous.sequence + 1 {
            broken = (previous.sequence + 1, "Row \(previous.sequence + 1) is missing.")
        } else if let previous, !event.stored.holds(.previousHash, hexadecimal: previous.hash) {
            broken = (event.sequence, "Row \(event.sequence) does not follow the one before it.")
        }
    }

    private mutating func note(_ check: String, _ result: String, _ event: ReportedEvent) {
        notes.append(Self.row(event.at, check, result, event.sequence, String(decoding: event.data.utf8, as: UTF8.self)))
    }

    private static func row(_ at: Timestamp?, _ check: String, _ result: String, _ sequence: Int64, _ detail: String) -> ReportRow {
        ReportRow([
            "at": JSON(at), "check": .string(check), "result": .string(result), "seq": .integer(sequence), "detail": .string(detail),
        ])
    }
}
