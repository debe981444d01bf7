/// What a credential may do, as `resource:action`. The catalogue is closed, so a scope is one bit.
package enum Scope: String, Sendable, CaseIterable {
    case projectsRead = "projects:read"
    case projectsWrite = "projects:write"
    case usersRead = "users:read"
    case usersWrite = "users:write"
    case accountsRead = "accounts:read"
    case accountsWrite = "accounts:write"
    case keysRead = "keys:read"
    case keysWrite = "keys:write"
    case tokensRead = "tokens:read"
    case tokensWrite = "tokens:write"
    case usageRead = "usage:read"
    case settingsRead = "settings:read"
    case settingsWrite = "settings:write"
    case sandboxWrite = "sandbox:write"
    case eventsRead = "events:read"
    case auditRead = "audit:read"
    case auditWrite = "audit:write"
    case instancesRead = "instances:read"
    case instancesWrite = "instances:write"
    case volumesRead = "volumes:read"
    case volumesWrite = "volumes:write"
    case networksRead = "networks:read"
    case networksWrite = "networks:write"
    case bucketsRead = "buckets:read"
    case bucketsWrite = "buckets:write"
    case ipsRead = "ips:read"
    case ipsWrite = "ips:write"
    case firewallsRead = "firewalls:read"
    case firewallsWrite = "firewalls:write"
    case snapshotsRead = "snapshots:read"
    case snapshotsWrite = "snapshots:write"
    case connectionsRead = "connections:read"
    case connectionsWrite = "connections:write"
    case operationsRead = "operations:read"
    case operationsWrite = "operations:write"
    case pricesRead = "prices:read"
    case pricesWrite = "prices:write"
    case quotasRead = "quotas:read"
    case quotasWrite = "quotas:write"
    case budgetsRead = "budgets:read"
    case budgetsWrite = "budgets:write"
    case costsRead = "costs:read"
    case costsWrite = "costs:write"
    case webhooksRead = "webhooks:read"
    case webhooksWrite = "webhooks:write"
    case alertsRead = "alerts:read"
    case alertsWrite = "alerts:write"
    case teamsRead = "teams:read"
    case teamsWrite = "teams:write"
    case markersRead = "markers:read"
    case markersWrite = "markers:write"
    case streamsRead = "streams:read"
    case streamsWrite = "streams:write"
    case stacksRead = "stacks:read"
    case stacksWrite = "stacks:write"
    case policiesRead = "policies:read"
    case policiesWrite = "policies:write"

    package var resource: Substring { rawValue.prefix { $0 != ":" } }
    package var isRead: Bool { rawValue.hasSuffix(":read") }
    /// The spelling of the Cloud API Platform: `read:projects`.
    package var actionFirst: String {
        let parts = rawValue.split(separator: ":")
        return "\(parts[1]):\(parts[0])"
    }
    fileprivate var bit: UInt64 { 1 << UInt64(Self.index[self]!) }  // every case is in the index

    private static let index = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
}

/// A set of scopes: what was asked for, and the closed scopes it covers.
///
/// `*` and `resource:*` stay as they were written, and cover what exists at the moment they are read.
package struct ScopeSet: Sendable, Equatable {
    /// As `resource:action`, in the order they were given.
    package let patterns: [String]
    private let bits: UInt64

    package static let all = ScopeSet(patterns: ["*"], bits: .max)
    package static let none = ScopeSet(patterns: [], bits: 0)

    package init(_ scopes: [Scope]) {
        self.init(patterns: scopes.map(\.rawValue), bits: scopes.reduce(0) { $0 | $1.bit })
    }

    private init(patterns: [String], bits: UInt64) {
        self.patterns = patterns
        self.bits = bits
    }

    /// Reads both spellings (`projects:read`, `read:projects`). Throws `UnknownScope` for one that names nothing.
    package init(parsing texts: [String]) throws(UnknownScope) {
        var patterns: [String] = []
        var bits: UInt64 = 0
        for text in texts {
            let (pattern, covered) = try Self.parse(text)
            if !patterns.contains(pattern) { patterns.append(pattern) }
            bits |= covered
        }
        self.init(patterns: patterns, bits: bits)
    }

    package struct UnknownScope: Error {
        package let text: String
    }

    private static func parse(_ text: String) throws(UnknownScope) -> (String, UInt64) {
        if text == "*" || text == "*:*" { return ("*", .max) }
        if let scope = Scope(rawValue: text) { return (text, scope.bit) }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw UnknownScope(text: text) }
        let swapped = "\(parts[1]):\(parts[0])"
        if let scope = Scope(rawValue: swapped) { return (swapped, scope.bit) }
        let covered: [Scope]
        let pattern: String
        if parts[1] == "*" {
            covered = Scope.allCases.filter { $0.resource == parts[0] }
            pattern = text
        } else if parts[0] == "*" {
            covered = Scope.allCases.filter { $0.resource == parts[1] }
            pattern = swapped
        } else {
            throw UnknownScope(text: text)
        }
        guard !covered.isEmpty else { throw UnknownScope(text: text) }
        return (pattern, covered.reduce(0) { $0 | $1.bit })
    }

    package func contains(_ scope: Scope) -> Bool { bits & scope.bit != 0 }
    package func isSubset(of other: ScopeSet) -> Bool { bits & ~other.bits == 0 }
    /// Those of the closed scopes that are in both.
    package func intersection(_ other: ScopeSet) -> ScopeSet {
        if isSubset(of: other) { return self }
        return ScopeSet(Scope.allCases.filter { contains($0) && other.contains($0) })
    }

    /// As `action:resource`, the way `/v1/api-keys` writes them.
    package var actionFirstPatterns: [String] {
        patterns.map { pattern in
            let parts = pattern.split(separator: ":")
            return parts.count == 2 ? "\(parts[1]):\(parts[0])" : pattern
        }
    }
}

/// What somebody may do in a project, or a workspace key anywhere. Each role may do what the one before it may.
package enum Role: String, Sendable, CaseIterable, Comparable {
    case viewer
    case editor
    case admin

    package static func < (one: Role, other: Role) -> Bool { one.rank < other.rank }

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .editor: 1
        case .admin: 2
        }
    }

    private static let editorWrites: Set<Scope> = [
        .projectsWrite, .tokensWrite, .sandboxWrite, .instancesWrite, .volumesWrite, .networksWrite, .bucketsWrite, .ipsWrite,
        .firewallsWrite, .snapshotsWrite, .operationsWrite, .webhooksWrite,
        .alertsWrite, .markersWrite, .streamsWrite, .stacksWrite,
    ]

    /// The scopes a role can use; keys, users, accounts, settings, connections, prices, quotas, budgets and policies are an admin's to write.
    package var scopes: ScopeSet {
        switch self {
        case .viewer: ScopeSet(Scope.allCases.filter(\.isRead))
        case .editor: ScopeSet(Scope.allCases.filter { $0.isRead || Self.editorWrites.contains($0) })
        case .admin: .all
        }
    }
}
