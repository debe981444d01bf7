package import Kernel
import Prices
import Provider
import Resources
package import Storage

/// Looks over what everybody has at the providers for what costs and does nothing.
///
/// It takes no input and may run twice: what it finds again is the same opportunity. A saving is what the resource costs in a month at
/// today's prices: the hour × 24 × 365/12. Prices in another currency than US dollars are passed over.
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
        for tenant in try await store.read({ try ResourceSurvey.tenants($0) }) {
            let now = surroundings.now()
            let findings = try await store.read { try Self.findings(in: tenant, at: now, $0) }
            for start in stride(from: 0, to: findings.count, by: Self.batch) {
                let part = Array(findings[start..<min(start + Self.batch, findings.count)])
                try await store.write { [surroundings] connection in
                    let by = Attribution(
                        tenant: tenant, actor: .system("savings"), address: nil, request: nil, surroundings: surroundings)
                    for finding in part { try Opportunity.record(finding, by: by, connection) }
                }
            }
        }
    }

    static func findings(in tenant: Tenant, at now: Timestamp, _ connection: Connection) throws -> [Finding] {
        let settled = now.adding(days: -patience)
        func resources(_ kind: ResourceKind) throws -> [Resource] {
            var scan = ResourceScan()
            (scan.kind, scan.phase) = (kind, .ready)
            return try scan.resources(in: tenant, limit: limit, connection).filter { $0.createdAt <= settled }
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
            if let percentile = Idleness.percentile(readings.map { ($0.at, $0.cpuPercent) }) {
                found.append((instance, .idleInstance(percentile)))
            }
        }
        let costs = try ResourceCost.of(found.map(\.resource.id.rawValue), in: tenant, at: now, connection)
        return found.compactMap { resource, rule in
            guard let cost = costs[resource.id.rawValue], cost.currency == "USD", !cost.hourly.isZero else { return nil }
            return Finding(rule, resource, hourly: cost.hourly)
        }
    }
}

/// Whether an instance does anything, by how busy its processor was.
package enum Idleness {
    /// Of one processor; below it an instance is idle.
    static let threshold: ExactDecimal = 5
    /// A reading a minute is kept for a day: too few of them, or too short a time, say nothing.
    static let readings = 60
    static let span: Int64 = 12 * 3600

    /// The 95th percentile (nearest rank) of what was measured, when it is below the threshold; nil otherwise.
    package static func percentile(_ measured: [(at: Timestamp, cpuPercent: ExactDecimal)]) -> ExactDecimal? {
        guard measured.count >= readings, let first = measured.map(\.at).min(), let last = measured.map(\.at).max(),
            last.seconds - first.seconds >= span
        else { return nil }
        let sorted = measured.map(\.cpuPercent).sorted()
        let percentile = sorted[(sorted.count * 95 + 99) / 100 - 1]
        return percentile < threshold ? percentile : nil
    }
}
