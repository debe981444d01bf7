import Kernel
import Provider
import Storage
import Web

// Snapshots, and volumes made from them. Both are where their source is, and wait until it is made.
extension SpecResolution {
    func snapshot(_ draft: ResourceDraft) throws -> Resolved {
        let volume = try source(draft, at: "/spec/volume_id")
        guard case .volume(let spec) = volume.spec else {
            throw Problem.invalid("spec/volume_id", "Say which volume it is of.", code: "required")
        }
        guard draft.location == nil || draft.location == volume.location else {
            throw invalid("/location", "combination", "A snapshot is where its volume is: \(volume.location).")
        }
        var resolved = Resolved(spec: .snapshot(SnapshotSpec(of: volume.id, spec)))
        resolved.waitsFor = try [volume.operation, stopOfHolder(volume)].compactMap { $0 }
        resolved.location = volume.location
        return resolved
    }

    /// A volume of a snapshot is as large as that when nothing is said, and can be larger.
    func fill(_ spec: inout VolumeSpec, from draft: ResourceDraft, _ resolved: inout Resolved) throws {
        try account.require(.snapshots)
        let source = try source(draft, at: "/spec/from_snapshot")
        guard case .snapshot(let snapshot) = source.spec else { return }
        if draft.spec["size_gib"] == nil { spec.sizeGiB = max(snapshot.sizeGiB, 1) }
        guard spec.sizeGiB >= snapshot.sizeGiB else {
            throw Problem(
                .validationFailed, "The snapshot \(source.name) has \(snapshot.sizeGiB) GiB and does not fit.",
                violations: [.init(pointer: "/spec/size_gib", code: "too_small", detail: "must be at least \(snapshot.sizeGiB)")],
                members: ["minimum": JSON(snapshot.sizeGiB)])
        }
        if snapshot.isEncrypted, !spec.isEncrypted {
            throw invalid("/spec/encrypted", "combination", "The snapshot \(source.name) is encrypted, so what is made from it is.")
        }
        spec.source = source.id
        resolved.waitsFor += [source.operation].compactMap { $0 }
        resolved.location = draft.location ?? source.location
    }

    /// Throws `invalid_reference` also for one that its provider has lost.
    private func source(_ draft: ResourceDraft, at pointer: String) throws -> Resource {
        guard let source = draft.source else { throw Problem.invalid("spec", "Say what it is made from.", code: "required") }
        let found = try reference(source.name, source.kind, at: pointer)
        guard found.phase != .missing else {
            throw Problem(
                .invalidReference, "The provider does not have the \(found.kind.noun) \(found.name) any more.",
                violations: [.init(pointer: pointer, code: "missing", detail: "is missing")])
        }
        return found
    }

    /// Where the provider takes no snapshot of a volume in use: what must end before the instance that has it is at rest. Throws
    /// `invalid_state` when that one is to run.
    private func stopOfHolder(_ volume: Resource) throws -> OperationID? {
        guard let capabilities = account.capabilities, !capabilities.features.contains(.liveSnapshots),
            let holder = try volume.holder(connection)
        else { return nil }
        let instance = try Resource.find(holder, in: caller.tenant, connection)
        if instance.spec.instance?.power == .stopped { return instance.operation }
        throw Problem(
            .invalidState,
            "The instance \(instance.name) runs and has the volume \(volume.name), and \(capabilities.server) takes no snapshot of one in use: stop the instance, or detach the volume.",
            members: ["instance_id": JSON(instance.id), "capability": .string(Capabilities.Feature.liveSnapshots.rawValue)])
    }
}

extension ResourceDraft {
    /// What it is to be made from, by id or name.
    var source: (kind: ResourceKind, name: String)? {
        guard let (member, source) = kind.madeFrom, let name = spec[member]?.string else { return nil }
        return (source, name)
    }
}
