package import Kernel
import Prices
import Provider
import Resources
package import Storage

/// Looks over what everybody has at the providers, and over their last bills, for what costs and does nothing.
///
/// It takes no input and may run twice: what it finds again is the same opportunity. What it finds no more is `Done`, unless somebody has taken
/// it up: what a person decided stays. The saving of a resource is what it costs in a month at today's prices: the hour × 24 × 365/12; that of
/// a bill is what the bill says. Prices and rows in another currency than US dollars are passed over.
package struct SavingsDetector: Sendable {
    package static let source = "CloudAPI"

    /// How long something must have been as it is.
    private static let patience: Int64 = 1
    /// Instances and volumes of a tenant that are looked at.
    private static let limit = 10_000
    /// Findings that are written in one transaction.
    private static let batch = 200

    private let store: Store
    private let surroundings: Surroundings

    package init(store: Store, surroundings: Surroundings) {
        self.store = store
        self.surroundings = surroundings
    }

    /// One round over every tenant.
    package func run() async throws {
        for tenant in try await store.read({ try Self.tenants($0) }) {
            let now = surroundings.now()
            let (findings, ended) = try await store.scan { connection in
                let round = try Self.round(in: tenant, at: now, connection)
                let open = try Opportunity.detectedAndOpen(by: Self.source, in: tenant, connection)
                return (round.findings, open.filter { !round.leaves($0) })
            }
            for part in findings.parts(of: Self.batch) {
                try await store.write(in: tenant.workspace) { connection in
                    for finding in part { try Opportunity.record(finding, by: attribution(tenant), connection) }
                }
            }
            for part in ended.parts(of: Self.batch) {
                try await store.write(in: tenant.workspace) { connection in
                    for one in part { try one.end(by: attribution(tenant), connection) }
                }
            }
        }
    }

    private func attribution(_ tenant: Tenant) -> Attribution {
        Attribution(tenant: tenant, actor: .system("savings"), address: nil, request: nil, surroundings: surroundings)
    }

    /// Those who have resources, bills, or something that may be over.
    private static func tenants(_ connection: Connection) throws -> [Tenant] {
        let open = try connection.rows(
            "SELECT DISTINCT workspace, mode FROM opportunities WHERE source = ? AND status = ? ORDER BY workspace, mode", source,
            Opportunity.Status.open
        ) { try Tenant(workspace: $0.get(0), mode: $0.get(1)) }
        var seen: Set<String> = []
        return (try ResourceSurvey.tenants(connection) + LatestBill.tenants(connection) + open).filter {
            seen.insert("\($0.workspace)/\($0.mode.rawValue)").inserted
        }
    }

    /// What was found in a tenant, and of what nothing could be told.
    struct Round {
        var findings: [Finding] = []
        /// Running instances with too few readings, and everything of resources when there are more than are looked at.
        var unknown: Set<String> = []
        var isPartial = false

        private var found: Set<String> { Set(findings.map { $0.type + "/" + $0.recordID }) }

        /// Whether an open opportunity stays as it is.
        func leaves(_ opportunity: Opportunity) -> Bool {
            if BillRule(rawValue: opportunity.type) == nil, isPartial || unknown.contains(opportunity.recordID) { return true }
            return found.contains(opportunity.type + "/" + opportunity.recordID)
        }
    }

    static func round(in tenant: Tenant, at now: Timestamp, _ connection: Connection) throws -> Round {
        var round = try resources(in: tenant, at: now, connection)
        let cache = ColumnCache(limit: 1 << 25)
        var records = Set(round.findings.map { $0.type + "/" + $0.recordID })
        for bill in try LatestBill.all(in: tenant, at: now, cache, connection) {
            for var finding in try BillFindings(bill).all {
                if !records.insert(finding.type + "/" + finding.recordID).inserted {
                    finding.recordID = BillFindings.short("\(bill.key.provider)/\(bill.key.billingAccount)/\(finding.recordID)")
                    records.insert(finding.type + "/" + finding.recordID)
                }
                round.findings.append(finding)
            }
        }
        return round
    }

    /// Of our own resources.
    private static func resources(in tenant: Tenant, at now: Timestamp, _ connection: Connection) throws -> Round {
        let settled = now.adding(days: -patience)
        var round = Round()
        func resources(_ kind: ResourceKind) throws -> [Resource] {
            var scan = ResourceScan()
            (scan.kind, scan.phase) = (kind, .ready)
            let all = try scan.resources(in: tenant, limit: limit, connection)
            if all.count >= limit { round.isPartial = true }
            return all.filter { $0.createdAt <= settled }
        }
        let instances = try resources(.instance)
        let volumes = try resources(.volume).filter { $0.updatedAt <= settled }
        let stopped = Set(instances.filter { $0.power == .stopped && $0.updatedAt <= settled }.map(\.id))
        let attachments = try ResourceSurvey.attachments(in: tenant, connection)

        var found: [(resource: Resource, rule: SavingsRule)] = []
        for volume in volumes {
            guard let instance = attachments[volume.id] else {
                found.append((volume, .unattachedVolume))
                continue
            }
            if stopped.contains(instance) { found.append((volume, .volumeOfStoppedInstance(instance))) }
        }
        for instance in instances where instance.power == .running {
            let readings = try InstanceReading.of([instance.id], in: tenant, from: settled, to: now, connection)[instance.id] ?? []
            let measured = readings.map { (at: $0.at, cpuPercent: $0.cpuPercent) }
            guard Idleness.canTell(measured) else {
                round.unknown.insert(instance.id.rawValue)
                continue
            }
            if let percentile = Idleness.percentile(measured) { found.append((instance, .idleInstance(percentile))) }
        }
        let costs = try ResourceCost.of(found.map(\.resource.id.rawValue), in: tenant, at: now, connection)
        round.findings = found.compactMap { resource, rule in
            guard let cost = costs[resource.id.rawValue], cost.currency == "USD", !cost.hourly.isZero else { return nil }
            return Finding(rule, resource, hourly: cost.hourly)
        }
        return round
    }
}

extension Array {
    fileprivate func parts(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}

/// Whether an instance does anything, by how busy its processor was.
package enum Idleness {
    /// Of one processor; below it an instance is idle.
    static let threshold: ExactDecimal = 5
    /// A reading a minute is kept for a day: too few of them, or too short a time, say nothing.
    static let readings = 60
    static let span: Int64 = 12 * 3600

    static func canTell(_ measured: [(at: Timestamp, cpuPercent: ExactDecimal)]) -> Bool {
        guard measured.count >= readings, let first = measured.map(\.at).min(), let last = measured.map(\.at).max() else { return false }
        return last.seconds - first.seconds >= span
    }

    /// The 95th percentile (nearest rank) of what was measured, when it is below the threshold; nil otherwise.
    package static func percentile(_ measured: [(at: Timestamp, cpuPercent: ExactDecimal)]) -> ExactDecimal? {
        guard canTell(measured) else { return nil }
        let sorted = measured.map(\.cpuPercent).sorted()
        let percentile = sorted[(sorted.count * 95 + 99) / 100 - 1]
        return percentile < threshold ? percentile : nil
    }
}
