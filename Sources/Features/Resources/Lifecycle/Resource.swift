package import Kernel
package import Provider
import Storage
package import Web

/// Something a project has at a provider: what is wanted of it (`spec`), what is known of it (`phase`, `power`, `observed`).
package struct Resource: Sendable, Equatable {
    package let id: ResourceID
    package let kind: ResourceKind
    package let tenant: Tenant
    package let account: AccountID
    package let project: ProjectID
    /// Its project's `env` when it was made.
    package let environment: String
    package var name: String
    package let connection: ConnectionID
    /// The connection's driver.
    package let provider: String
    package let location: String
    package var phase: Phase
    /// Seen; instances only.
    package var power: Power?
    package var spec: Spec
    /// The parts of the spec that may hold secrets, sealed for this resource.
    package var sealed: [UInt8]?
    package var labels: [String: String]
    package var dependsOn: [ResourceID]
    package var observed: Observed
    package var conditions: [Condition]
    /// The provider's own id of it, once known.
    package var reference: String?
    package var isProtected: Bool
    package var expiresAt: Timestamp?
    /// Counts changes of the spec.
    package var generation: Int
    /// The generation that was last brought about.
    package var observedGeneration: Int
    /// Counts changes of what users note about it: labels, protection, expiry.
    package var metadata: Int
    /// The operation that runs or waits first.
    package var operation: OperationID?
    package let createdAt: Timestamp
    package var updatedAt: Timestamp
    package var syncedAt: Timestamp?
    package var deletedAt: Timestamp?
    package var purgeAt: Timestamp?
    /// How it is kept in step with its provider.
    package var sync = SyncSettings()
    /// The last that was taken; see `lease(at:)`.
    var lease: ResourceLease?

    /// The life of the object; whether an instance runs is its `power`.
    package enum Phase: String, Sendable, CaseIterable, SQLConvertible {
        case pending
        case creating
        case ready
        case updating
        case deleting
        /// Kept for a while with its name, to be read and undeleted. At the provider it is removed, unless it `isKept`.
        case deleted
        case purged
        case failed
        /// It was there, and is not any more.
        case missing
        /// The provider cannot be reached.
        case unknown
    }

    /// Where what says no location is.
    static let usualLocation = "local"

    /// Days that a deleted resource is kept, unless its deletion asks for others.
    package static let retention: Int64 = 7
    static let retentions: ClosedRange<Int64> = 1...90

    package var etag: ETag { ETag(generation: generation, metadata: metadata) }
    package var subject: Subject { Subject(kind: kind, id: id.rawValue, reference: reference) }
    package var isGone: Bool { phase == .deleted || phase == .purged }
    /// Deleted, with its object still at the provider, because of the data in it: charged and held until it is purged.
    package var isKept: Bool { phase == .deleted && reference != nil }

    /// What was last seen at the provider.
    package struct Observed: Sendable, Equatable {
        package var addresses: [String] = []
        package var exitCode: Int?
        package var runningSince: Timestamp?
        package var cidr: String?
        package var publicAddresses: [String] = []
        /// What stands in `status` of the kinds that have it: whether a bucket is empty, what a firewall stands before.
        package var isEmpty: Bool?
        package var appliedTo: [String]?
        /// Of a snapshot.
        package var sizeGiB: Int?

        package init() {}

        init(_ state: ObservedState) {
            addresses = state.addresses
            exitCode = state.exitCode
            runningSince = state.runningSince
            cidr = state.cidr
            publicAddresses = state.publicAddresses
            isEmpty = state.isEmpty
            appliedTo = state.firewall?.targets
            sizeGiB = state.progress == nil ? nil : state.sizeGiB
        }

        /// As `status` has them.
        var addressesJSON: JSON {
            .array(
                addresses.map { ["type": "private", "ip": .string($0)] } + publicAddresses.map { ["type": "public", "ip": .string($0)] })
        }

        var json: JSON {
            [
                "addresses": .array(addresses.map(JSON.string)), "exit_code": JSON(exitCode), "running_since": JSON(runningSince),
                "cidr": JSON(cidr), "public_addresses": .array(publicAddresses.map(JSON.string)),
                "empty": isEmpty.map(JSON.bool) ?? .null, "applied_to": appliedTo.map { .array($0.map(JSON.string)) } ?? .null,
                "size_gib": JSON(sizeGiB),
            ]
        }

        init(_ json: JSON) {
            addresses = (json["addresses"]?.array ?? []).compactMap(\.string)
            exitCode = json["exit_code"]?.integer.map { Int($0) }
            runningSince = json["running_since"]?.string.flatMap { Timestamp($0) }
            cidr = json["cidr"]?.string
            publicAddresses = (json["public_addresses"]?.array ?? []).compactMap(\.string)
            isEmpty = json["empty"]?.bool
            appliedTo = json["applied_to"]?.array?.compactMap(\.string)
            sizeGiB = json["size_gib"]?.integer.map { Int($0) }
        }
    }
}

/// One statement about a resource that is true, false or not known (then it is absent).
package struct Condition: Sendable, Equatable {
    package let type: Kind
    package let isTrue: Bool
    package let reason: String
    package let message: String
    package let since: Timestamp

    package enum Kind: String, Sendable, CaseIterable {
        case ready = "Ready"
        case synced = "Synced"
        case providerReachable = "ProviderReachable"
        case credentialsValid = "CredentialsValid"
        case operationStuck = "OperationStuck"
        case expiring = "Expiring"
    }
}

extension Resource {
    /// Sets a condition; its time moves only when the statement changes.
    package mutating func set(_ type: Condition.Kind, _ isTrue: Bool, _ reason: String, _ message: String = "", at now: Timestamp) {
        let known = conditions.first { $0.type == type }
        let since = known?.isTrue == isTrue ? known?.since ?? now : now
        clear(type)
        conditions.append(Condition(type: type, isTrue: isTrue, reason: reason, message: message, since: since))
        conditions.sort { $0.type.rawValue < $1.type.rawValue }
    }

    package mutating func clear(_ type: Condition.Kind) { conditions.removeAll { $0.type == type } }
}

extension Condition {
    var json: JSON {
        [
            "type": .string(type.rawValue), "status": .string(isTrue ? "true" : "false"), "reason": .string(reason),
            "message": .string(message), "last_transition_at": JSON(since),
        ]
    }

    init?(_ json: JSON) {
        guard let type = json["type"]?.string.flatMap(Kind.init), let since = json["last_transition_at"]?.string.flatMap({ Timestamp($0) })
        else { return nil }
        self.init(
            type: type, isTrue: json["status"]?.string == "true", reason: json["reason"]?.string ?? "",
            message: json["message"]?.string ?? "", since: since)
    }
}
