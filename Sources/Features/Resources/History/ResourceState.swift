import Kernel
import Prices
import Provider
import Storage
import Web

// Time travel rests on one rule: whatever makes a read of a resource answer something else says so in the log. What is wanted of it stands
// in `after`, what is known of it in `state`; an event that changes one of the two carries that one whole. So what was true at a moment is
// two rows of the log, found by an index and most often next to each other, and nothing has to be added up from the beginning.
// `OperationChange.keep` says `observed` where the engine saw something new that no other event tells.

extension Resource {
    /// What a read of it answers beside what is wanted of it (`snapshot`) and what never changes. Not when it was last looked at, and not who
    /// has a volume or an address, which stands in the instance.
    var state: JSON {
        var status: [JSON.Member] = [
            .init("phase", .string(phase.rawValue)), .init("provider_ref", JSON(reference)),
            .init("addresses", observed.addressesJSON),
            .init("observed_generation", JSON(observedGeneration)), .init("conditions", .array(conditions.map(\.json))),
        ]
        if kind == .instance {
            status.append(.init("power", JSON(power?.rawValue)))
            status.append(.init("exit_code", JSON(observed.exitCode)))
            status.append(.init("running_since", JSON(observed.runningSince)))
        }
        if kind == .network { status.append(.init("cidr", JSON(observed.cidr))) }
        if kind == .bucket { status.append(.init("empty", observed.isEmpty.map(JSON.bool) ?? .null)) }
        if case .snapshot(let spec) = spec {
            status += [.init("size_gib", JSON(observed.sizeGiB)), .init("volume_id", JSON(spec.volume))]
        }
        if kind == .firewall { status.append(.init("applied_to", .array((observed.appliedTo ?? []).map(JSON.string)))) }
        return [
            "status": .object(status), "etag": .string(etag.text), "operation_id": JSON(operation), "updated_at": JSON(updatedAt),
            "delete_time": JSON(deletedAt), "purge_time": JSON(purgeAt),
        ]
    }

    /// Whether a read would answer the same, but for when it was last looked at.
    func looksLike(_ other: Resource) -> Bool {
        var (one, two) = (self, other)
        (one.syncedAt, two.syncedAt) = (nil, nil)
        (one.updatedAt, two.updatedAt) = (createdAt, createdAt)
        (one.sync.baseline, two.sync.baseline) = (nil, nil)
        (one.sync.adoption, two.sync.adoption) = (nil, nil)
        return one == two
    }

    /// What the log says when nothing else tells what is known of it now.
    func observation() -> EventDraft {
        EventDraft(
            "\(kind.rawValue).observed", subject: id.rawValue,
            data: ["name": .string(name), "project_id": JSON(project), "after": snapshot, "state": state])
    }

    func tellObserved(by: Attribution, _ connection: Connection) { connection.append(observation(), by: by) }
}

/// A resource as the log told it at one moment.
struct ResourceState: Sendable {
    /// Where in the log it was told last.
    private(set) var sequence: Int64 = 0
    /// The latest `after`.
    private(set) var wanted: JSON?
    /// The latest `state`.
    private(set) var known: JSON?

    private var isWhole: Bool { wanted != nil && known != nil }

    /// As it is once this has happened.
    func after(_ event: Event) throws -> ResourceState {
        let data = try event.row["data"]
        guard data?["state"] != nil else { return self }
        return ResourceState(sequence: event.sequence, wanted: data?["after"] ?? wanted, known: data?["state"])
    }

    /// Fills in what is not known yet from an event that came before.
    private mutating func fill(from event: Event) throws {
        let data = try event.row["data"]
        guard let state = data?["state"] else { return }
        sequence = max(sequence, event.sequence)
        known = known ?? state
        wanted = wanted ?? data?["after"]
    }

    /// What the log tells of it, in one object.
    var told: JSON { .object((wanted?.members ?? []) + (known?.members ?? [])) }

    /// What was held then, and so cost something by the hour. A stop gives back what it held when it has happened.
    func lines(_ kind: ResourceKind) -> [Demand.Line] {
        let status = known?["status"]
        let phase = status?["phase"]?.string.flatMap(Resource.Phase.init) ?? .ready
        let isGone = phase == .purged || ([.deleted, .failed].contains(phase) && status?["provider_ref"] == .null)
        guard !isGone, let spec = wanted?["spec"].flatMap({ Spec(kind, $0) }) else { return [] }
        if let instance = spec.instance, instance.power == .stopped, phase == .updating, status?["power"]?.string != Power.stopped.rawValue
        {
            return [.init(sku: "instance." + instance.size, units: 1)]
        }
        return spec.demand.lines
    }
}

extension ResourceState {
    /// As it was at that moment. Throws `not_found` before it was made, and `cursor_expired` when the log does not reach back that far.
    static func of(_ resource: Resource, at moment: Timestamp, _ connection: Connection) throws -> ResourceState {
        guard resource.createdAt <= moment else { throw Problem.notFound(resource.kind.rawValue) }
        var state = ResourceState()
        var offset = 0
        while true {
            let events = try EventLog.events(
                about: resource.id.rawValue, in: resource.tenant, until: moment, limit: together, offset: offset, connection)
            for event in events.sorted(by: { $0.sequence > $1.sequence }) {
                try state.fill(from: event)
                if state.isWhole { return state }
            }
            guard events.count == together else {
                throw Problem(.cursorExpired, "The log does not tell any more how it was at \(moment).")
            }
            offset += together
        }
    }

    /// So many are read at once. Changes of the same few milliseconds may stand in the log in another order than their times; among those
    /// what came last in it counts.
    private static let together = 16

    /// The last before a place in the log; empty when none is kept.
    static func last(of resource: Resource, before sequence: Int64, _ connection: Connection) throws -> ResourceState {
        var filter = EventFilter()
        filter.subjects = [resource.id.rawValue]
        var state = ResourceState()
        var place = sequence
        while true {
            let events = try EventLog.events(
                in: resource.tenant, .init(before: place, limit: together, newestFirst: true), matching: filter, connection)
            for event in events {
                try state.fill(from: event)
                if state.isWhole { return state }
            }
            guard events.count == together, let oldest = events.last else { return state }
            place = oldest.sequence
        }
    }
}
