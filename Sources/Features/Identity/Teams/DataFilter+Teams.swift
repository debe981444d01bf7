package import Kernel
package import Storage

extension DataFilter {
    /// Whether the caller is a person in some team, or carries the rights of one.
    package static func isOfTeams(_ caller: Caller, _ connection: Connection) throws -> Bool {
        guard let user = caller.widenedBy else { return false }
        return try !Team.all(of: user, in: caller.tenant, connection).isEmpty
    }

    /// What the caller may see: everything for a credential of the workspace, an admin or a machine's key; for any other person, and what
    /// carries their rights, what their teams see. Who is in no team is restricted by none.
    package static func of(_ caller: Caller, _ connection: Connection) throws -> DataFilter {
        guard !caller.reachesWorkspace, let user = caller.user else { return .unrestricted }
        let teams = try Team.all(of: user, in: caller.tenant, connection)
        return teams.isEmpty ? .unrestricted : DataFilter(teams: teams.map(\.filter))
    }
}

extension Team {
    /// Lists that are empty are as if they were not there.
    package var filter: DataFilter.TeamFilter {
        var buckets: [DataFilter.Bucket: [DataFilter.Condition]] = [:]
        var priorities: Set<Int64>?
        for list in List.allCases {
            guard let items = lists[list.rawValue]?.array, !items.isEmpty else { continue }
            guard let (bucket, dimension) = list.place else {
                priorities = Set(items.compactMap(\.integer))
                continue
            }
            let accepted: DataFilter.Accepted =
                list.holdsPairs ? .pairs(items.flatMap { DataFilter.Pair.all(in: $0) }) : .values(Set(items.compactMap(\.string)))
            buckets[bucket, default: []].append(.init(dimension, accepted))
        }
        return DataFilter.TeamFilter(buckets: buckets.isEmpty ? nil : buckets, priorities: priorities)
    }
}

extension DataFilter.Pair {
    /// `{"Key":…,"Value":…}` in any case is one pair, the key alone means any value; every other object has a pair a member.
    package static func all(in object: JSON) -> [DataFilter.Pair] {
        let members = object.members ?? []
        if let key = members.first(where: { $0.name.lowercased() == "key" }),
            members.allSatisfy({ ["key", "value"].contains($0.name.lowercased()) })
        {
            let value = members.first { $0.name.lowercased() == "value" }
            return [.init(key.value.text ?? "", value?.value.text)]
        }
        return members.map { .init($0.name, $0.value.text) }
    }
}

extension Team.List {
    /// Where the list stands; nil for the priorities, which stand in no bucket.
    fileprivate var place: (DataFilter.Bucket, DataFilter.Dimension)? {
        switch self {
        case .awsAccountIDs: (.aws, .account)
        case .awsPayerIDs: (.aws, .payer)
        case .awsRegions: (.aws, .region)
        case .awsServices: (.aws, .service)
        case .awsTags: (.aws, .tag)
        case .awsAccountTags: (.aws, .accountTag)
        case .gcpProjects: (.gcp, .account)
        case .gcpBillingAccounts: (.gcp, .payer)
        case .gcpSKUs: (.gcp, .sku)
        case .gcpLocations: (.gcp, .region)
        case .gcpServices: (.gcp, .service)
        case .gcpLabels: (.gcp, .tag)
        case .streamTokens: (.custom, .stream)
        case .metricNames: (.custom, .metric)
        case .customDimensions: (.custom, .tag)
        case .priorities: nil
        }
    }
}
