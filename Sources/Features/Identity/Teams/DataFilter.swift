/// What of the costs, units, opportunities and markers somebody may see.
///
/// A team's lists stand in three buckets: AWS, Google Cloud, custom data. Within a list any value does; between the lists of a bucket all
/// must agree; between buckets any does. A team without any list sees everything; one with a list in some bucket sees nothing of the
/// others. In several teams somebody sees what any of them sees (Cloudthread, 3.6).
package struct DataFilter: Sendable, Equatable {
    /// Nil for no restriction. Empty lets nothing through.
    package let teams: [TeamFilter]?

    package static let unrestricted = DataFilter(teams: nil)

    /// One team without a list makes all the others beside the point.
    package init(teams: [TeamFilter]?) {
        self.teams = teams?.contains { $0.buckets == nil && $0.priorities == nil } == true ? nil : teams
    }

    package enum Bucket: String, Sendable, CaseIterable {
        case aws, gcp, custom
    }

    /// What a list is about. `payer` is AWS's payer account or Google's billing account, `account` AWS's account or Google's project.
    package enum Dimension: String, Sendable, CaseIterable {
        case account, payer, region, service, sku, stream, metric
        /// A label of Google's, a custom dimension, or a tag of AWS.
        case tag
        case accountTag
    }

    /// One list.
    package struct Condition: Sendable, Equatable {
        package let dimension: Dimension
        package let accepts: Accepted

        package init(_ dimension: Dimension, _ accepts: Accepted) {
            self.dimension = dimension
            self.accepts = accepts
        }
    }

    package enum Accepted: Sendable, Equatable {
        case values(Set<String>)
        case pairs([Pair])
    }

    /// A tag that must be there; with any value when there is none.
    package struct Pair: Sendable, Hashable {
        package let key: String
        package let value: String?

        package init(_ key: String, _ value: String?) {
            self.key = key
            self.value = value
        }
    }

    package struct TeamFilter: Sendable, Equatable {
        /// The lists of each bucket that has some; nil when no bucket has, which restricts nothing.
        package let buckets: [Bucket: [Condition]]?
        /// The priorities of the opportunities that may be seen; nil for all.
        package let priorities: Set<Int64>?

        package init(buckets: [Bucket: [Condition]]?, priorities: Set<Int64>? = nil) {
            self.buckets = buckets
            self.priorities = priorities
        }
    }

    /// What a cost line, a point or an opportunity says of itself.
    package struct Facts: Sendable {
        package var bucket: Bucket?
        package var values: [Dimension: String]
        package var tags: [String: String]
        package var accountTags: [String: String]

        package init(
            bucket: Bucket?, values: [Dimension: String] = [:], tags: [String: String] = [:], accountTags: [String: String] = [:]
        ) {
            self.bucket = bucket
            self.values = values
            self.tags = tags
            self.accountTags = accountTags
        }
    }
}

extension DataFilter {
    /// Every team has lists, so that nothing is seen of what belongs to no bucket.
    package var hidesOtherProviders: Bool { teams.map { $0.allSatisfy { $0.buckets != nil } } ?? false }

    package func allows(_ facts: Facts) -> Bool { teams?.contains { $0.allows(facts) } ?? true }

    /// An opportunity needs one team that sees both where it is and how urgent it is.
    package func allows(_ facts: Facts, priority: Int64?) -> Bool {
        teams?.contains { team in
            team.allows(facts) && (team.priorities.map { allowed in priority.map(allowed.contains) ?? false } ?? true)
        } ?? true
    }
}

extension DataFilter.TeamFilter {
    fileprivate func allows(_ facts: DataFilter.Facts) -> Bool {
        guard let buckets else { return true }
        guard let bucket = facts.bucket, let conditions = buckets[bucket] else { return false }
        return conditions.allSatisfy { $0.allows(facts) }
    }
}

extension DataFilter.Condition {
    package func allows(_ facts: DataFilter.Facts) -> Bool {
        switch accepts {
        case .values(let accepted): facts.values[dimension].map(accepted.contains) ?? false
        case .pairs(let pairs):
            pairs.contains { pair in
                guard let value = (dimension == .accountTag ? facts.accountTags : facts.tags)[pair.key] else { return false }
                return pair.value.map { $0 == value } ?? true
            }
        }
    }
}

extension DataFilter.Bucket {
    /// Of the provider a bill names; nil for one that no list is about.
    package init?(provider: String) {
        let name = provider.lowercased()
        if name.hasPrefix("aws") || name.hasPrefix("amazon") {
            self = .aws
        } else if name.hasPrefix("gcp") || name.hasPrefix("google") {
            self = .gcp
        } else {
            return nil
        }
    }
}
