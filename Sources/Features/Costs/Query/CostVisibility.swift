package import Identity
package import Kernel
package import Storage

/// Which cost rows a caller may see at all: the one place that decides it, for every read of costs.
package enum CostVisibility {
    /// A project's credential sees what our own prices charge its projects; bills of others belong to the workspace. Members of teams see those,
    /// too; all of it only as far as their teams' lists let it through.
    package static func filters(for caller: Caller, _ connection: Connection) throws -> [RowFilter] {
        let team = RowFilter(try DataFilter.of(caller, connection))
        guard case .projects(let roles) = caller.reach else { return [team] }
        let projects = roles.keys.map(\.rawValue).sorted()
        let isOurs = RowFilter.Line(Dimension("InvoiceIssuerName"), .isIn(["CloudAPI"]))
        var groups: [[RowFilter.Line]] = projects.isEmpty ? [] : [[.init(Dimension("SubAccountId"), .isIn(projects)), isOurs]]
        if try DataFilter.isOfTeams(caller, connection) {
            groups.append([.init(Dimension("InvoiceIssuerName"), isNot: true, .isIn(["CloudAPI"]))])
        }
        return [RowFilter(groups: groups), team]
    }
}

extension RowFilter {
    /// More alternatives than this let nothing through.
    private static let alternativeLimit = 2000

    /// A team's lists over cost rows. What has no meaning here lets nothing through.
    package init(_ filter: DataFilter) {
        guard let teams = filter.teams, !teams.contains(where: { $0.buckets == nil }) else {
            self = .everything
            return
        }
        var groups: [[Line]] = []
        for team in teams {
            for (bucket, conditions) in (team.buckets ?? [:]).sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                guard let provider = Self.providers[bucket] else { continue }
                var alternatives: [[Line]] = [[Line(Dimension("ProviderName"), .regex(provider))]]
                for condition in conditions {
                    let lines = Self.lines(condition)
                    guard alternatives.count * lines.count <= Self.alternativeLimit else {
                        self = .nothing
                        return
                    }
                    alternatives = alternatives.flatMap { group in lines.map { group + [$0] } }
                }
                groups += alternatives
            }
        }
        self.init(groups: groups)
    }

    private static let providers: [DataFilter.Bucket: String] = [
        .aws: "^([aA][wW][sS]|[aA][mM][aA][zZ][oO][nN])", .gcp: "^([gG][cC][pP]|[gG][oO][oO][gG][lL][eE])",
    ]

    private static let columns: [DataFilter.Dimension: String] = [
        .account: "SubAccountId", .payer: "BillingAccountId", .region: "RegionId", .service: "ServiceName", .sku: "SkuId",
    ]

    /// Any one of them does.
    private static func lines(_ condition: DataFilter.Condition) -> [Line] {
        switch condition.accepts {
        case .values(let values):
            guard let column = columns[condition.dimension] else { return [] }
            return [Line(Dimension(column), .isIn(values.sorted()))]
        case .pairs(let pairs):
            guard condition.dimension == .tag else { return [] }
            return pairs.map { pair in
                let tag = Dimension("tag:" + pair.key)
                return pair.value.map { Line(tag, .isIn([$0])) } ?? Line(tag, isNot: true, .isIn([nil]))
            }
        }
    }
}
