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
    func members(at now: Timestamp, _ connection: Connection) throws -> Members {
        guard !draft.groupBy.isEmpty else { return Members(alerts: [self], isCut: false) }
        let stored = try StoredGroup.all(of: self, connection)
        let found = try groups(at: now, limit: Self.mostGroups + 1, connection)
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

    private func groups(at now: Timestamp, limit: Int, _ connection: Connection) throws -> [AlertGroup] {
        if draft.groupBy == [.project], draft.subject.selector == nil {
            let ids = try Project.ids(in: tenant.workspace, account: draft.subject.account, limit: limit, connection)
            return ids.filter { projects?.contains($0) ?? true }.map { AlertGroup([.init(.project, $0.rawValue)]) }
        }
        var scan = try AlertFocus(self).scan()
        if draft.metrics.contains(where: \.isOfInstances) { scan.kind = .instance }
        let parts = draft.groupBy.compactMap(\.part)
        return try scan.parts(parts, in: tenant, limit: limit, connection).map { values in
            AlertGroup(zip(draft.groupBy, values).map { .init($0, $1) })
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
