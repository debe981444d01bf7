import Kernel
import Prices
import Provider
import Storage

/// A resource and what was seen of it, inside one transaction: what is kept, said and done about it.
struct SyncChange {
    var resource: Resource
    let admitting: Admitting
    /// The resource as the log tells it.
    private let told: Resource

    init(resource: Resource, admitting: Admitting) {
        self.resource = resource
        self.admitting = admitting
        told = resource
    }

    var by: Attribution { admitting.by }
    var connection: Connection { admitting.connection }

    /// Writes it back; what a read of it would answer differently is told.
    func keep() throws {
        if !resource.looksLike(told) { resource.tellObserved(by: by, connection) }
        try resource.save(connection)
    }

    // MARK: What was seen

    /// Of what is kept after its deletion it only counts that it is there.
    mutating func see(_ sighting: Sighting) throws {
        guard !resource.isKept else { return }
        let wasMissing = resource.phase == .missing
        let before = resource.power
        resource.reference = sighting.reference
        resource.observed = Resource.Observed(sighting.state)
        if resource.kind == .instance, let power = sighting.state.power { resource.power = power }
        resource.syncedAt = by.at
        for type in [Condition.Kind.providerReachable, .credentialsValid] where resource.conditions.contains(where: { $0.type == type }) {
            resource.set(type, true, "Answered", at: by.at)
        }
        if wasMissing {
            resource.phase = .ready
            // What is there again is held again, as far as it goes: it costs already.
            _ = try? connection.savepoint {
                try Admission.reserve(resource.spec.demand, for: resource.consumer, alternatives: [], by: by, connection)
            }
        }
        try notePower(before, wasMissing)
        if resource.kind == .firewall {
            resource.sync.baseline = resource.sync.baseline?.keepingTargets { id in
                (try? Resource.find(id, in: resource.tenant, connection)).map { !$0.isGone && $0.phase != .deleting } ?? false
            }
        }
        let comparison = resource.comparison(with: sighting)
        resource.sync.baseline = comparison.baseline
        try reconcile(comparison.differences)
        try keep()
    }

    /// Charges what runs and nothing else; an instance that ran and does not has ended.
    private mutating func notePower(_ before: Power?, _ wasMissing: Bool) throws {
        guard wasMissing || before != resource.power else { return }
        resource.updatedAt = by.at
        try MeteredTime.set(resource.chargedLines, for: resource.consumer, at: by.at, connection)
        switch resource.power {
        case .stopped, .crashed:
            guard before == .running else { break }
            resource.set(.ready, false, "Ended", "It ended by itself, or somebody stopped it; its logs may say why.", at: by.at)
            connection.append(
                EventDraft(
                    "instance.ended", subject: resource.id.rawValue,
                    data: [
                        "name": .string(resource.name), "project_id": JSON(resource.project), "power": JSON(resource.power?.rawValue),
                        "exit_code": JSON(resource.observed.exitCode), "state": resource.state,
                    ]), by: by)
        case .running: resource.set(.ready, true, "Running", at: by.at)
        default: if wasMissing { resource.set(.ready, true, "Present", at: by.at) }
        }
    }

    private mutating func reconcile(_ differences: [Difference]) throws {
        var drifts: [Drift] = []
        let known = try Drift.open(of: resource.id, in: resource.tenant, connection)
        for var drift in known where drift.sort != .fieldDrift && drift.sort != .stateDrift && drift.sort != .orphan {
            try drift.resolve(drift.status == .reverting ? .reverted : .byItself, resource.phase, by: by, connection)
        }
        for sort in [Drift.Sort.fieldDrift, .stateDrift] {
            let own = differences.filter { $0.isState == (sort == .stateDrift) }
            let open = known.first { $0.sort == sort }
            if own.isEmpty {
                guard var open else { continue }
                try open.resolve(open.status == .reverting ? .reverted : .byItself, resource.phase, by: by, connection)
            } else {
                drifts.append(try detect(sort, own, open))
            }
        }
        try act(on: &drifts)
        describe(drifts.filter(\.isOpen))
    }

    /// The drift that is known, with what it is now; or a new one.
    mutating func detect(_ sort: Drift.Sort, _ fields: [Difference], _ open: Drift?, message: String = "") throws -> Drift {
        guard var open else {
            let drift = Drift(
                id: by.makeID(), tenant: resource.tenant, project: resource.project, connection: resource.connection, kind: resource.kind,
                resource: resource.id, name: resource.name, reference: resource.reference, sort: sort, status: .open, fields: fields,
                message: message, operation: nil, reverts: [], cost: nil, resolution: nil, detectedAt: by.at, updatedAt: by.at,
                resolvedAt: nil)
            try drift.insert(connection)
            resource.updatedAt = by.at
            connection.append(
                drift.event("detected", resource.phase, [.init("policy", .string(resource.driftPolicy.rawValue))]), by: by)
            return drift
        }
        guard open.fields != fields else { return open }
        let isOther = open.fields.map(\.path) != fields.map(\.path)
        open.fields = fields
        open.updatedAt = by.at
        try open.save(connection)
        if isOther { connection.append(open.event("changed", resource.phase), by: by) }
        return open
    }

    /// What the statement `Synced` says.
    mutating func describe(_ drifts: [Drift]) {
        guard let first = drifts.first else {
            if resource.phase != .missing { resource.set(.synced, true, "InSync", at: by.at) }
            return
        }
        let reason =
            switch first.sort {
            case _ where first.status == .contested: "Contested"
            case .fieldDrift: "FieldDrift"
            case .stateDrift: "StateDrift"
            case .missing: "Missing"
            case .orphan: "Orphan"
            case .ownershipConflict: "OwnershipConflict"
            }
        let sentences = drifts.flatMap(\.fields).map(\.sentence) + drifts.map(\.message).filter { !$0.isEmpty }
        resource.set(.synced, false, reason, String(sentences.joined(separator: "; ").prefix(2000)), at: by.at)
    }

    // MARK: What is done about it

    private static let revertsAllowed = (count: 3, seconds: Int64(3600))

    private mutating func act(on drifts: inout [Drift]) throws {
        guard resource.operation == nil, resource.lease(at: by.at) == nil, !drifts.isEmpty else { return }
        switch resource.driftPolicy {
        case .report: return
        case .accept: try attempt(&drifts) { change, drifts in try change.accept(&drifts) }
        case .revert:
            for place in drifts.indices { try contest(&drifts[place]) }
            var left = drifts.filter { $0.status != .contested }
            guard !left.isEmpty else { return }
            try attempt(&left) { change, left in try change.revert(&left) }
            for drift in left { if let place = drifts.firstIndex(where: { $0.id == drift.id }) { drifts[place] = drift } }
        }
    }

    /// Leaves alone what comes back again and again.
    private mutating func contest(_ drift: inout Drift) throws {
        guard drift.status != .contested else { return }
        let since = by.at.adding(seconds: -Self.revertsAllowed.seconds)
        let owned = try drift.fields.filter { field in
            try Drift.reverts(of: field.path, resource, since: since, connection) >= Self.revertsAllowed.count
        }
        guard !owned.isEmpty else { return }
        drift.status = .contested
        drift.message = "Another controller owns this field: \(owned.map(\.path).joined(separator: ", "))."
        drift.updatedAt = by.at
        try drift.save(connection)
        connection.append(drift.event("contested", resource.phase), by: by)
    }

    /// Does it, or notes why it cannot be done; a refusal leaves nothing half-done.
    private mutating func attempt(_ drifts: inout [Drift], _ body: (inout SyncChange, inout [Drift]) throws -> Void) throws {
        do {
            var (change, changed) = (self, drifts)
            try connection.savepoint { try body(&change, &changed) }
            (self, drifts) = (change, changed)
        } catch let problem as Problem {
            for place in drifts.indices where drifts[place].message != problem.detail {
                drifts[place].status = .open
                drifts[place].message = problem.detail
                drifts[place].updatedAt = by.at
                try drifts[place].save(connection)
            }
        }
    }

    mutating func revert(_ drifts: inout [Drift]) throws {
        let operation =
            if let missing = drifts.first(where: { $0.sort == .missing }) {
                try admitting.recreate(missing.id, &resource)
            } else {
                try admitting.revert(drifts.flatMap(\.fields), drifts.map(\.id), of: &resource)
            }
        for place in drifts.indices {
            drifts[place].status = .reverting
            drifts[place].operation = operation.id
            drifts[place].message = ""
            drifts[place].reverts.append(by.at)
            drifts[place].updatedAt = by.at
            try drifts[place].save(connection)
            connection.append(
                drifts[place].event("reverting", resource.phase, [.init("operation_id", JSON(operation.id))]), by: by)
        }
    }

    mutating func accept(_ drifts: inout [Drift]) throws {
        if drifts.contains(where: { $0.sort == .missing }) {
            try admitting.bury(&resource)
        } else {
            try admitting.accept(drifts.flatMap(\.fields), of: &resource)
        }
        for place in drifts.indices { try drifts[place].resolve(.accepted, resource.phase, by: by, connection) }
    }

    // MARK: What was not seen

    /// It is gone: nothing is charged or held for it any more.
    mutating func noteMissing() throws {
        guard !resource.isKept else { return try noteLost() }
        let known = try Drift.open(of: resource.id, in: resource.tenant, connection)
        if resource.phase != .missing {
            resource.phase = .missing
            resource.power = nil
            resource.observed = Resource.Observed()
            resource.updatedAt = by.at
            resource.set(.ready, false, "Missing", "The provider does not have it any more.", at: by.at)
            try MeteredTime.set([], for: resource.consumer, at: by.at, connection)
            try Admission.release(resource.id.rawValue, by: by, connection)
        }
        for var drift in known where drift.sort != .missing && drift.sort != .orphan {
            try drift.resolve(.deleted, resource.phase, by: by, connection)
        }
        resource.syncedAt = by.at
        var drifts = [try detect(.missing, [.absence], known.first { $0.sort == .missing })]
        try act(on: &drifts)
        if !resource.isGone { describe(drifts.filter(\.isOpen)) }
        try keep()
    }

    /// What was kept is gone, and cannot be undeleted any more.
    private mutating func noteLost() throws {
        resource.reference = nil
        resource.observed = Resource.Observed()
        resource.updatedAt = by.at
        resource.syncedAt = by.at
        resource.set(.ready, false, "Missing", "The provider does not have it any more: it cannot be undeleted.", at: by.at)
        try MeteredTime.set([], for: resource.consumer, at: by.at, connection)
        try Admission.release(resource.id.rawValue, by: by, connection)
        try keep()
    }

    /// Something of somebody else stands where it should be. It is not touched, and nothing is concluded about ours.
    mutating func noteForeign(_ sighting: Sighting) throws {
        guard !resource.isKept else { return }
        let known = try Drift.open(of: resource.id, in: resource.tenant, connection)
        resource.syncedAt = by.at
        let drift = try detect(
            .ownershipConflict, [], known.first { $0.sort == .ownershipConflict },
            message: "The object \(sighting.reference.prefix(200)) has its name and bears somebody else's mark.")
        describe([drift] + known.filter { $0.sort != .ownershipConflict })
        try keep()
    }
}

extension Difference {
    /// Of what is not there at all.
    static let absence = Difference(path: "presence", wanted: "present", observed: "absent")
}

extension Resource {
    func comparison(with sighting: Sighting) -> Comparison {
        Comparison(
            baseline: sync.baseline, spec: CanonicalState(spec), seen: CanonicalState(sighting.state, of: kind), ignoring: sync.ignored)
    }
}
