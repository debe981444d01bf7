import Kernel
import Provider
import Storage
package import Web

/// What there was at the end of a period, and how it was protected, for the compliance report.
package enum ResourceReport {
    private static let types = ResourceKind.allCases.map { $0.rawValue + "." }
    private static let kinds = types.map { $0 + "*" }.joined(separator: ", ")

    package static let inventory = ReportSection(
        "resource_inventory", "Resource inventory", criteria: ["CC6.1", "A1.1"],
        query: "\(kinds), project.*, connection.* with occurred_at < to",
        columns: [
            "id", "kind", "name", "project_id", "environment", "owner", "provider", "connection_id", "phase", "power",
            "deletion_protection",
            "expires_at", "created_at", "created_by", "age_days", "labels",
        ], gaps: ["The cost of a resource is not in the log; encryption and exposure have a section of their own."],
        types: types + ["project.", "connection."]
    ) { InventoryCollector(period: $0) }

    package static let protection = ReportSection(
        "protection", "Protection and recovery", criteria: ["A1.2"],
        query: "\(kinds) with from <= occurred_at < to that switch deletion protection, delete or undelete",
        columns: ["at", "seq", "what", "subject", "name", "project_id", "actor_id", "request_id"],
        gaps: ["The age of snapshots is not known."], types: types
    ) { ProtectionCollector(period: $0) }

    /// Nil for what is no resource.
    static func kind(of type: String) -> ResourceKind? {
        ResourceKind(rawValue: String(decoding: type.utf8.prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self))
    }
}

private struct InventoryCollector: ReportCollector {
    private struct Known {
        let kind: ResourceKind
        var snapshot: CompactJSON
        var phase = "creating"
        var power: String?
        let createdAt: Timestamp
        let createdBy: String
    }

    let period: ReportPeriod
    private var resources: [String: Known] = [:]
    private var environments: [String: String] = [:]
    private var providers: [String: String] = [:]

    init(period: ReportPeriod) { self.period = period }

    mutating func take(_ event: ReportedEvent, _ rows: inout [ReportRow]) {
        if event.type.hasPrefix("project."), let environment = event.after?["env"]?.string { environments[event.subject] = environment }
        if event.type.hasPrefix("connection."), let provider = event.after?["provider"]?.string { providers[event.subject] = provider }
        guard let kind = ResourceReport.kind(of: event.type) else { return }
        if event.type == "\(kind.rawValue).purged" {
            resources[event.subject] = nil
            return
        }
        if let after = event.after, after["project_id"]?.string != nil {
            resources[event.subject, default: Known(kind: kind, snapshot: after, createdAt: event.at, createdBy: event.actor.id)]
                .snapshot = after
        }
        if let phase = event.data["phase"]?.string { resources[event.subject]?.phase = phase }
        if let power = event.data["power"]?.string { resources[event.subject]?.power = power }
    }

    mutating func end(_ rows: inout [ReportRow]) {
        for (id, known) in resources.sorted(by: { $0.key < $1.key }) {
            let project = known.snapshot["project_id"]?.string
            guard period.covers(project.map { ProjectID($0) }) else { continue }
            let labels = known.snapshot["labels"]?.json ?? .object([])
            let members = ["name", "project_id", "connection_id", "deletion_protection", "expires_at"].map {
                JSON.Member($0, known.snapshot[$0]?.json ?? .null)
            }
            rows.append(
                ReportRow(
                    .object(
                        members + [
                            .init("id", .string(id)), .init("kind", .string(known.kind.rawValue)), .init("labels", labels),
                            .init("environment", JSON(project.flatMap { environments[$0] })),
                            .init("owner", labels["owner"] ?? labels["team"] ?? .null),
                            .init("provider", JSON(known.snapshot["connection_id"]?.string.flatMap { providers[$0] })),
                            .init("phase", .string(known.phase)), .init("power", JSON(known.power)),
                            .init("created_at", JSON(known.createdAt)), .init("created_by", .string(known.createdBy)),
                            .init("age_days", .integer((period.to.seconds - known.createdAt.seconds) / 86_400)),
                        ])))
        }
    }
}

private struct ProtectionCollector: ReportCollector {
    let period: ReportPeriod

    func take(_ event: ReportedEvent, _ rows: inout [ReportRow]) {
        guard event.isInPeriod, period.covers(event.project), let kind = ResourceReport.kind(of: event.type),
            let what = Self.what(event, noun: kind.rawValue)
        else { return }
        rows.append(
            ReportRow([
                "at": JSON(event.at), "seq": .integer(event.sequence), "what": .string(what), "subject": .string(event.subject),
                "name": JSON((event.after ?? event.data)["name"]?.string), "project_id": JSON(event.project),
                "actor_id": .string(event.actor.id), "request_id": JSON(event.request),
            ]))
    }

    private static func what(_ event: ReportedEvent, noun: String) -> String? {
        switch event.type {
        case "\(noun).deleted": return "deleted"
        case "\(noun).undeleted": return "undeleted"
        case "\(noun).purged": return "purged"
        case "\(noun).expired": return "expired"
        default:
            guard event.before != nil || event.type == "\(noun).created" else { return nil }
            let before = event.before?["deletion_protection"]?.bool
            guard let after = event.after?["deletion_protection"]?.bool, before != after, before != nil || after else { return nil }
            return after ? "protected" : "unprotected"
        }
    }

    func end(_ rows: inout [ReportRow]) {}
}
