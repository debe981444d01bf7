import Identity
import Kernel
import Provider
import Resources
import Storage

extension Alert {
    /// What of an alert is watched at a moment.
    struct Members {
        /// The alert itself, or one for each of its groups.
        let alerts: [Alert]
        /// There are more groups than are watched.
        let isCut: Bool
    }

    /// Groups that one alert watches.
    static let mostGroups = 100

    /// An alert without `group_by` is its only member. Those that are known come first, so that a new project pushes out none that fires.
    func members(at now: Timestamp, _ sources: AlertSources, _ connection: Connection) throws -> Members {
        guard !draft.groupBy.isEmpty else { return Members(alerts: [self], isCut: false) }
        let stored = try StoredGroup.all(of: self, connection)
        let found = try groups(at: now, limit: Self.mostGroups + 1, sources, connection)
        let present = Set(found)
        let known = Set(stored.map(\.group))
        let fresh = found.filter { !known.contains($0) }
        let alerts =
            stored.map { member(of: $0.group, $0, isGone: !present.contains($0.group), at: now) }
            + fresh.map { member(of: $0, nil, isGone: false, at: now) }
        return Members(alerts: Array(alerts.prefix(Self.mostGroups)), isCut: alerts.count > Self.mostGroups)
    }

    private func member(of group: AlertGroup, _ stored: StoredGroup?, isGone: Bool, at now: Timestamp) -> Alert {
        var member = self
        member.group = group
        member.isNew = stored == nil
        member.isGone = isGone
        member.phase = stored?.phase ?? AlertPhase(state: .inactive, since: now)
        member.owesNotice = stored?.owesNotice ?? false
        return member
    }

    // MARK: What there is

    private func groups(at now: Timestamp, limit: Int, _ sources: AlertSources, _ connection: Connection) throws -> [AlertGroup] {
        if draft.groupBy == [.project], draft.subject.selector == nil {
            let ids = try Project.ids(in: tenant.workspace, account: draft.subject.account, limit: limit, connection)
            return ids.filter { projects?.contains($0) ?? true }.map { AlertGroup([.init(.project, $0.rawValue)]) }
        }
        var found: [[String]] = []
        if draft.metrics.contains(where: { !$0.isHourly }) {
            var scan = try AlertFocus(self).scan()
            if draft.metrics.contains(where: \.isOfInstances) { scan.kind = .instance }
            found = try scan.parts(draft.groupBy.compactMap(\.part), in: tenant, limit: limit, connection)
        }
        found += try billed(at: now, sources, connection)
        var seen: Set<[String]> = []
        return found.filter { seen.insert($0).inserted }.prefix(limit).map { values in
            AlertGroup(zip(draft.groupBy, values).map { .init($0, $1) })
        }
    }

    /// Days that a value of a dimension or a bill is remembered for.
    private static let memory: Int64 = 31

    /// What costs and points of the last days name, in their order.
    private func billed(at now: Timestamp, _ sources: AlertSources, _ connection: Connection) throws -> [[String]] {
        let end = now.floored(toSeconds: 3600).adding(seconds: 3600)
        let span = end.adding(days: -Self.memory)..<end
        let uses = Set(draft.uses.filter(\.metric.isHourly).map(\.bare)).sorted { $0.text < $1.text }
        return try uses.flatMap { use in
            let found = try sources.amounts(
                .init(use: use, project: draft.subject.project, currency: draft.currency, groupBy: draft.groupBy), in: [span], of: tenant,
                connection)
            return found.keys.sorted { $0.lexicographicallyPrecedes($1) }
        }
    }
}

extension GroupKey {
    fileprivate var part: ResourceScan.Part? {
        switch self {
        case .project: .project
        case .resource: .id
        case .provider: .provider
        case .label(let name): .label(name)
        case .dimension: nil
        }
    }
}
