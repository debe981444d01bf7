package import Kernel
package import Provider

/// What one list call covers: everything of ours of one kind at one connection.
package struct SyncUnit: Hashable, Sendable {
    package let tenant: Tenant
    package let connection: ConnectionID
    package let kind: ResourceKind

    package init(tenant: Tenant, connection: ConnectionID, kind: ResourceKind) {
        self.tenant = tenant
        self.connection = connection
        self.kind = kind
    }

    init(_ resource: Resource) { self.init(tenant: resource.tenant, connection: resource.connection, kind: resource.kind) }

    init(_ operation: Operation) { self.init(tenant: operation.tenant, connection: operation.connection, kind: operation.kind) }
}

/// How long until the next sweep.
enum SyncInterval {
    /// Something changed in the last hour.
    static let changed: Int64 = 60
    static let stable: Int64 = 600
    /// Nothing there but what is only observed.
    static let observed: Int64 = 1800
    /// Something was not in the list: the second look decides. Where lists can lag, after longer.
    static let absent = (consistent: Int64(5), lagging: Int64(60))

    /// Seconds until a resource has to be looked at again; nil for never.
    static func seconds(for resource: Resource, at now: Timestamp) -> Int64? {
        if resource.sync.management == .paused { return nil }
        if let interval = resource.sync.interval { return interval }
        if resource.sync.management == .observe { return observed }
        return resource.updatedAt > now.adding(seconds: -3600) ? changed : stable
    }

    /// The shortest of a list's, since one call looks at all; ±20 %, so that units that began together part.
    static func next(for resources: [Resource], at now: Timestamp, random: UInt64) -> Timestamp {
        let shortest = resources.compactMap { seconds(for: $0, at: now) }.min() ?? stable
        return now.adding(milliseconds: jittered(shortest * 1000, random: random))
    }

    static func jittered(_ milliseconds: Int64, random: UInt64) -> Int64 {
        milliseconds * (800 + Int64(random % 401)) / 1000
    }
}
