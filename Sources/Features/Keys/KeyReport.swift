import Kernel
import Storage
package import Web

/// The keys and tokens there are at the end of a period, for the compliance report.
package enum KeyReport {
    package static let section = ReportSection(
        "key_inventory", "Key and credential inventory", criteria: ["CC6.1"],
        query: "key.*, token.* with occurred_at < to; last_change_at from the credential of every event",
        columns: [
            "id", "kind", "name", "project_id", "role", "scopes", "created_at", "created_by", "rotated_at", "expires_at", "last_change_at",
            "flags",
        ],
        gaps: ["Requests that only read leave no event, so `last_change_at` is the last change made with the credential."]
    ) { KeyCollector(period: $0) }
}

private struct KeyCollector: ReportCollector {
    private struct Known {
        var snapshot: CompactJSON
        let createdAt: Timestamp
        let createdBy: String
        var rotatedAt: Timestamp?
    }

    /// Days after which a secret should have been replaced.
    private static let oldest: Int64 = 90

    let period: ReportPeriod
    private var keys: [String: Known] = [:]
    private var lastChange = LastSeen()

    init(period: ReportPeriod) { self.period = period }

    mutating func take(_ event: ReportedEvent, _ rows: inout [ReportRow]) {
        if let credential = event.actor.credential { lastChange.note(credential, at: event.at) }
        switch event.type {
        case "key.created", "token.created":
            keys[event.subject] = Known(snapshot: event.after ?? .null, createdAt: event.at, createdBy: event.actor.id)
        case "key.updated": keys[event.subject]?.snapshot = event.after ?? .null
        case "key.rotated": keys[event.subject]?.rotatedAt = event.at
        case "key.revoked", "token.revoked": keys[event.subject] = nil
        default: break
        }
    }

    mutating func end(_ rows: inout [ReportRow]) {
        for (id, key) in keys.sorted(by: { $0.key < $1.key }) {
            let project = key.snapshot["project_id"]?.string.map { ProjectID($0) }
            // A key of the whole workspace reaches every project.
            guard project == nil || period.covers(project) else { continue }
            rows.append(row(id, key))
        }
    }

    private func row(_ id: String, _ key: Known) -> ReportRow {
        let members = ["kind", "name", "project_id", "role", "scopes", "expires_at"].map {
            JSON.Member($0, key.snapshot[$0]?.json ?? .null)
        }
        return ReportRow(
            .object(
                members + [
                    .init("id", .string(id)), .init("created_at", JSON(key.createdAt)), .init("created_by", .string(key.createdBy)),
                    .init("rotated_at", JSON(key.rotatedAt)), .init("last_change_at", JSON(lastChange[id])),
                    .init("flags", .array(flags(id, key).map(JSON.string))),
                ]))
    }

    private func flags(_ id: String, _ key: Known) -> [String] {
        var flags: [String] = []
        if (key.rotatedAt ?? key.createdAt).adding(days: Self.oldest) < period.to { flags.append("older_than_90_days") }
        if lastChange[id] == nil { flags.append("never_changed_anything") }
        let scopes = key.snapshot["scopes"]?.array?.compactMap(\.string) ?? []
        if key.snapshot["project_id"]?.string == nil, scopes.contains("*") { flags.append("everything_in_the_workspace") }
        switch key.snapshot["expires_at"]?.string.flatMap({ Timestamp($0) }) {
        case nil: flags.append("no_expiry")
        case let end? where end <= period.to: flags.append("expired")
        default: break
        }
        return flags
    }
}
