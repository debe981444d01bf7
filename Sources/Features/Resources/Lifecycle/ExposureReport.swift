import Kernel
import Provider
import Storage
package import Web

/// What anybody could reach, or what lay unencrypted, and how long, for the compliance report.
///
/// It goes by what was wanted of a resource (`spec`), from the change that opened it to the one that closed it. What somebody opened behind
/// our back is drift, and stands in that section.
package enum ExposureReport {
    package static let section = ReportSection(
        "exposure", "Exposure", criteria: ["CC6.6", "CC6.7", "C1.1"],
        query:
            "bucket.*, volume.*, firewall.*, instance.* with occurred_at < to whose spec is public, unencrypted, open to every address on \(Finding.ports), or has a public address",
        columns: [
            "what", "detail", "subject", "kind", "name", "project_id", "opened_at", "opened_by", "closed_at", "closed_by", "open_hours",
            "seq",
        ],
        gaps: [
            "Addresses that a provider gives an instance by itself are not told of.",
            "What changed at a provider alone stands under drift.",
        ], types: ["bucket.", "volume.", "firewall.", "instance."],
        earlier: [
            ReportSection(
                "exposure", "Exposure", criteria: ["CC6.6", "CC6.7", "C1.1"], query: "none", columns: [],
                gaps: ["Firewall rules, public addresses and encryption at rest are not known of any kind of resource."], collector: nil)
        ]
    ) { ExposureCollector(period: $0) }

    /// One thing about a spec that an auditor asks for.
    struct Finding: Hashable, Comparable {
        let what: String
        let detail: String

        /// Where machines are administered, and where databases listen.
        private static let sensitive = [22, 1433, 1521, 3306, 3389, 5432, 6379, 9200, 27017]
        static let ports = "ports " + sensitive.map { String($0) }.joined(separator: ", ")

        static func all(in spec: Spec) -> Set<Finding> {
            switch spec {
            case .bucket(let spec):
                var found: Set<Finding> = spec.isPublic ? [Finding(what: "public_bucket", detail: "")] : []
                if !spec.isEncrypted { found.insert(Finding(what: "unencrypted_bucket", detail: "")) }
                return found
            case .volume(let spec): return spec.isEncrypted ? [] : [Finding(what: "unencrypted_volume", detail: "")]
            case .instance(let spec): return Set(spec.addresses.map { Finding(what: "public_address", detail: $0.rawValue) })
            case .firewall(let spec): return Set(spec.spread.flatMap(openings))
            default: return []
            }
        }

        private static func openings(_ rule: FirewallRule) -> [Finding] {
            guard rule.direction == .ingress, ["0.0.0.0/0", "::/0"].contains(rule.cidr), rule.networkProtocol != .icmp else { return [] }
            let open = sensitive.filter { port in rule.ports?.contains(port) ?? true }
            return open.map { Finding(what: "open_port", detail: "\(rule.networkProtocol.rawValue) \($0) from \(rule.cidr)") }
        }

        static func < (one: Finding, other: Finding) -> Bool { (one.what, one.detail) < (other.what, other.detail) }
    }
}

private struct ExposureCollector: ReportCollector {
    private struct Opening {
        let at: Timestamp
        let by: String
        let sequence: Int64
    }

    private struct Known {
        let kind: ResourceKind
        let name: String?
        let project: String?
        var open: [ExposureReport.Finding: Opening] = [:]
    }

    let period: ReportPeriod
    private var resources: [String: Known] = [:]

    init(period: ReportPeriod) { self.period = period }

    mutating func take(_ event: ReportedEvent, _ rows: inout [ReportRow]) {
        guard let kind = ResourceReport.kind(of: event.type) else { return }
        switch event.type.dropFirst(kind.rawValue.count + 1) {
        // A deleted volume is kept with its data until it is purged.
        case "deleted" where event.data["state"]?["status"]?["provider_ref"]?.isString == true: break
        case "deleted", "purged", "released", "create_failed":
            close(event.subject, keeping: [], at: event, &rows)
            resources[event.subject] = nil
        default:
            guard let after = event.after, let json = after["spec"]?.json, let spec = Spec(kind, json) else { return }
            let found = ExposureReport.Finding.all(in: spec)
            guard !found.isEmpty || resources[event.subject] != nil else { return }
            close(event.subject, keeping: found, at: event, &rows)
            open(found, of: kind, after, event)
        }
    }

    private mutating func open(
        _ found: Set<ExposureReport.Finding>, of kind: ResourceKind, _ after: CompactJSON, _ event: ReportedEvent
    ) {
        let fresh = Known(kind: kind, name: after["name"]?.string, project: after["project_id"]?.string)
        for finding in found where resources[event.subject]?.open[finding] == nil {
            resources[event.subject, default: fresh].open[finding] = Opening(
                at: event.at, by: event.actor.id, sequence: event.sequence)
        }
    }

    private mutating func close(
        _ id: String, keeping found: Set<ExposureReport.Finding>, at event: ReportedEvent, _ rows: inout [ReportRow]
    ) {
        guard let known = resources[id] else { return }
        for (finding, opening) in known.open.sorted(by: { $0.key < $1.key }) where !found.contains(finding) {
            resources[id]?.open[finding] = nil
            if event.at >= period.from { append(finding, opening, of: id, known, closed: event, &rows) }
        }
    }

    /// Those that are still open, the oldest first.
    mutating func end(_ rows: inout [ReportRow]) {
        let open = resources.flatMap { id, known in known.open.map { (id: id, known: known, finding: $0.key, opening: $0.value) } }
        for one in open.sorted(by: { ($0.opening.sequence, $0.finding) < ($1.opening.sequence, $1.finding) }) {
            append(one.finding, one.opening, of: one.id, one.known, closed: nil, &rows)
        }
    }

    private func append(
        _ finding: ExposureReport.Finding, _ opening: Opening, of id: String, _ known: Known, closed: ReportedEvent?,
        _ rows: inout [ReportRow]
    ) {
        guard period.covers(known.project.map { ProjectID($0) }) else { return }
        rows.append(
            ReportRow([
                "what": .string(finding.what), "detail": .string(finding.detail), "subject": .string(id),
                "kind": .string(known.kind.rawValue), "name": JSON(known.name), "project_id": JSON(known.project),
                "opened_at": JSON(opening.at), "opened_by": .string(opening.by), "closed_at": JSON(closed?.at),
                "closed_by": JSON(closed?.actor.id),
                "open_hours": .integer(((closed?.at ?? period.to).seconds - opening.at.seconds) / 3600), "seq": .integer(opening.sequence),
            ]))
    }
}
