package import Kernel
import Provider
import Web

/// How a resource is kept in step with its provider, and what it looked like when it last was.
package struct SyncSettings: Sendable, Equatable {
    package var management = Management.managed
    /// Nil for what is usual in its environment.
    package var policy: DriftPolicy?
    /// Seconds between two looks, 5 to a day; nil for what is usual.
    package var interval: Int64?
    /// Fields of the spec that somebody else may change.
    package var ignored: [String] = []
    /// What was seen when an operation last succeeded; nil before the first look.
    package var baseline: CanonicalState?

    /// How it is told, if it was there before us; nil for what was made from here.
    package var adoption: Adoption?

    package init() {}
}

/// What the server does to an object by itself or on request.
package enum Management: String, Sendable, CaseIterable {
    case managed
    /// Looked at, and never changed.
    case observe
    /// Everything but a delete.
    case noDelete = "no_delete"
    /// Not looked at either.
    case paused
}

/// What happens when an object is found to differ from what is wanted.
package enum DriftPolicy: String, Sendable, CaseIterable {
    case report
    /// It is made as it is wanted.
    case revert
    /// What is there becomes what is wanted.
    case accept
}

extension Resource {
    /// What it says itself, else what is usual: in `prod` nothing is undone without somebody's word. What is only observed is left alone.
    var driftPolicy: DriftPolicy {
        if sync.management == .observe { return sync.policy == .accept ? .accept : .report }
        return sync.policy ?? (environment == "prod" ? .report : .revert)
    }

    /// Throws `invalid_state` for what is only observed or paused, `deletion_protected` for a delete of what is not to be deleted.
    func requireManaged(for verb: Operation.Verb) throws {
        switch sync.management {
        case .managed: return
        case .noDelete where verb != .delete: return
        case .noDelete:
            throw Problem(
                .deletionProtected, "The \(kind.rawValue) \(name) is managed as no_delete.")
        case .observe, .paused:
            throw Problem(
                .invalidState,
                "The \(kind.rawValue) \(name) is not managed (\(sync.management.rawValue)); set `management` to managed, or release what was adopted."
            )
        }
    }
}

extension SyncSettings {
    var json: JSON {
        var members: [JSON.Member] = []
        if management != .managed { members.append(.init("management", .string(management.rawValue))) }
        if let policy { members.append(.init("drift_policy", .string(policy.rawValue))) }
        if let interval { members.append(.init("interval", .integer(interval))) }
        if !ignored.isEmpty { members.append(.init("ignore", .array(ignored.map(JSON.string)))) }
        if let baseline { members.append(.init("baseline", baseline.json)) }
        if let adoption { members.append(.init("adoption", .string(adoption.rawValue))) }
        return .object(members)
    }

    init(_ json: JSON) {
        management = json["management"]?.string.flatMap(Management.init) ?? .managed
        policy = json["drift_policy"]?.string.flatMap(DriftPolicy.init)
        interval = json["interval"]?.integer
        ignored = (json["ignore"]?.array ?? []).compactMap(\.string)
        baseline = json["baseline"].map { CanonicalState($0) }
        adoption = json["adoption"]?.string.flatMap(Adoption.init)
    }

    /// What an operation did without a look at what came of it: the next look is believed.
    mutating func forget(_ action: Step.Action) {
        switch action {
        case .resize: baseline?.fields["size"] = nil
        case .grow: baseline?.fields["size_gib"] = nil
        case .attach, .detach: baseline?.fields["volumes"] = nil
        case .join, .leave: baseline?.fields["network_ids"] = nil
        case .assign, .unassign: baseline?.fields["ip_ids"] = nil
        case .configure: baseline = nil
        case .create, .delete, .keep, .start, .stop, .restart, .empty, .await: break
        }
    }
}

/// What a create, put or patch says of it. Nil leaves it as it is; `.some(nil)` goes back to what is usual.
package struct SyncDraft: Sendable {
    var management: Management?
    var policy: DriftPolicy??
    var interval: Int64??
    var ignored: [String]?

    static let fields: [Schema.Field] = [
        .optional(
            "management",
            .choice(of: Management.self, "`observe`: looked at, never changed; `no_delete`: never deleted; `paused`: not looked at either.")
        ),
        .optional(
            "drift_policy",
            Schema.choice(
                of: DriftPolicy.self,
                "What happens when the provider's object differs; null for what is usual: `report` in prod, else `revert`."
            )
            .nullable),
        .optional("sync_interval_s", Schema.integer(5...86_400, "Seconds between two looks; null for what is usual.").nullable),
        .optional("drift_ignore", .array(.string(1...63, .name), 0...32, "Fields of the spec that somebody else may change.")),
    ]

    package init(_ body: JSON?) {
        management = body?["management"]?.string.flatMap(Management.init)
        policy = body?["drift_policy"].map { $0.string.flatMap(DriftPolicy.init) }
        interval = body?["sync_interval_s"].map(\.integer)
        ignored = body?["drift_ignore"]?.array.map { Set($0.compactMap(\.string)).sorted() }
    }

    func apply(to settings: inout SyncSettings) {
        if let management { settings.management = management }
        if let policy { settings.policy = policy }
        if let interval { settings.interval = interval }
        if let ignored { settings.ignored = ignored }
    }
}

extension SyncSettings {
    static let saidSchema: [Schema.Field] = [
        .optional("management", .choice(of: Management.self)), .optional("drift_policy", .choice(of: DriftPolicy.self)),
        .optional("sync_interval_s", Schema.integer(5...86_400).nullable), .optional("drift_ignore", .array(.string(1...63, .echo))),
    ]
}

extension JSON {
    func adding(_ more: [Member]) -> JSON { .object((members ?? []) + more) }
}

extension Admitting {
    /// What is to be changed from here has to be as it is wanted first. Throws `invalid_state` with what differs.
    func requireInStep(_ resource: Resource) throws {
        guard resource.sync.management == .managed || resource.sync.management == .noDelete else { return }
        guard !resource.isToldByReference else {
            throw Problem(
                .invalidState, "It was adopted and bears no mark of ours, so it can be observed, paused or released, and not changed.")
        }
        let open = try Drift.open(of: resource.id, in: resource.tenant, connection).flatMap(\.fields)
        guard open.isEmpty else {
            throw Problem(
                .invalidState,
                "It is not as its spec says: \(open.map(\.sentence).joined(separator: "; ")). Accept that first, or change the spec.")
        }
    }
}
