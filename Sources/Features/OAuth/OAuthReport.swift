import Kernel
import Storage
package import Web

/// The OAuth clients there are at the end of a period, for the compliance report: credentials as keys are, beside their inventory.
package enum OAuthReport {
    package static let section = ReportSection(
        "oauth_client_inventory", "OAuth client inventory", criteria: ["CC6.1"],
        query: "oauth_client.*, oauth_grant.* with occurred_at < to; last_change_at from the credential of every event",
        columns: [
            "id", "type", "mode", "name", "project_id", "role", "scopes", "grant_types", "redirect_uris", "created_at", "created_by",
            "rotated_at", "consents", "last_change_at", "flags",
        ],
        gaps: [
            "Requests that only read leave no event, so `last_change_at` is the last change made with a token of the client's own.",
            "Consents end by time as well, which leaves no event; `consents` counts those that nobody took back. Those to clients of the sandbox stand in the sandbox's log.",
        ]
    ) { OAuthClientCollector(period: $0) }
}

private struct OAuthClientCollector: ReportCollector {
    private struct Known {
        var snapshot: CompactJSON
        let createdAt: Timestamp
        let createdBy: String
        var rotatedAt: Timestamp?
        var grants: Set<String> = []
    }

    /// Days after which a secret should have been replaced.
    private static let oldest: Int64 = 90

    let period: ReportPeriod
    private var clients: [String: Known] = [:]
    private var lastChange = LastSeen()

    init(period: ReportPeriod) { self.period = period }

    mutating func take(_ event: ReportedEvent, _ rows: inout [ReportRow]) {
        if let credential = event.actor.credential { lastChange.note(credential, at: event.at) }
        switch event.type {
        case "oauth_client.created":
            clients[event.subject] = Known(snapshot: event.after ?? .null, createdAt: event.at, createdBy: event.actor.id)
        case "oauth_client.updated": clients[event.subject]?.snapshot = event.after ?? .null
        case "oauth_client.rotated": clients[event.subject]?.rotatedAt = event.at
        case "oauth_client.deleted": clients[event.subject] = nil
        case "oauth_grant.created": clients[Self.client(event)]?.grants.insert(event.subject)
        case "oauth_grant.revoked": clients[Self.client(event)]?.grants.remove(event.subject)
        default: break
        }
    }

    private static func client(_ event: ReportedEvent) -> String { event.data["client_id"]?.string ?? "" }

    mutating func end(_ rows: inout [ReportRow]) {
        for (id, client) in clients.sorted(by: { $0.key < $1.key }) {
            let project = client.snapshot["project_id"]?.string.map { ProjectID($0) }
            // A client of the whole workspace reaches every project.
            guard project == nil || period.covers(project) else { continue }
            rows.append(row(id, client))
        }
    }

    private func row(_ id: String, _ client: Known) -> ReportRow {
        let members = ["type", "mode", "name", "project_id", "role", "scopes", "grant_types", "redirect_uris"].map {
            JSON.Member($0, client.snapshot[$0]?.json ?? .null)
        }
        return ReportRow(
            .object(
                members + [
                    .init("id", .string(id)), .init("created_at", JSON(client.createdAt)), .init("created_by", .string(client.createdBy)),
                    .init("rotated_at", JSON(client.rotatedAt)), .init("consents", .integer(Int64(client.grants.count))),
                    .init("last_change_at", JSON(lastChange[id])), .init("flags", .array(flags(id, client).map(JSON.string))),
                ]))
    }

    private func flags(_ id: String, _ client: Known) -> [String] {
        var flags: [String] = []
        let isConfidential = client.snapshot["type"]?.string == OAuthClient.Kind.confidential.rawValue
        if isConfidential, (client.rotatedAt ?? client.createdAt).adding(days: Self.oldest) < period.to {
            flags.append("older_than_90_days")
        }
        if lastChange[id] == nil { flags.append("never_changed_anything") }
        let scopes = client.snapshot["scopes"]?.array?.compactMap(\.string) ?? []
        if client.snapshot["project_id"]?.string == nil, scopes.contains("*") { flags.append("everything_in_the_workspace") }
        return flags
    }
}
