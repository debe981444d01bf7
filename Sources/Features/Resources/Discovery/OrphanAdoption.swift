// An object that bears our mark and belongs to no resource is left over from a resource that was deleted here, or from before a backup was
// restored. Its mark says which resource it was, so accepting it makes that resource again, with the proof of every adoption: its spec says
// what is there.

import HTTPTypes
import Kernel
import Provider
import Storage
import Web

struct OrphanAdoption: Sendable {
    let engine: OperationEngine
    let drift: Drift

    static let fields: [Schema.Field] = [
        .optional("name", ResourceDraft.nameSchema.described("Of an orphan; the resource's old name when left out.")),
        .optional("project_id", .id("proj", "Of an orphan; the resource's old project when left out.")),
        .optional("labels", ResourceDraft.labelsSchema),
    ]

    func accept(_ call: Call) async throws -> Answer {
        try call.caller.require(drift.kind.writeScope)
        if drift.project == nil { try call.caller.requireWorkspace(.editor) }
        let (account, sighting, id) = try await look(call)
        let (identity, pool, drift) = (engine.identity, engine.pool, drift)
        return try await call.commit { connection in
            var current = try Drift.find(drift.id, for: call.caller, connection)
            guard current.isOpen else { throw Problem(.invalidState, "It is over: \(current.resolution?.rawValue ?? "resolved").") }
            let gone = try? Resource.find(id, in: call.caller.tenant, connection)
            guard gone?.isGone ?? true else {
                throw Problem(.invalidState, "A resource has its name, and another object; delete this one at the provider.")
            }
            if gone == nil, try Resource.isElsewhere(id, than: call.caller.tenant, connection) {
                throw Problem(.conflict, "It is another workspace's.")
            }
            let admitting = Admitting(caller: call.caller, by: call.attribution, identity: identity, pool: pool, connection: connection)
            let draft = try Self.draft(call.body, sighting, gone)
            let known = gone.map { CanonicalState($0.spec.json).fields } ?? [:]
            let stranger = Stranger(reference: sighting.reference, name: draft.name, state: sighting.state, known: known, isMarked: false)
            let resource = try admitting.take(
                Discovery.Object(stranger, drift.kind), draft, at: "", account, marked: id, after: gone)
            try current.resolve(.accepted, resource.phase, by: call.attribution, connection)
            return .json(.ok, current, capacity: 1024)
        }
    }

    /// The object as it is now, and the id that its mark names.
    private func look(_ call: Call) async throws -> (ProviderConnection, Sighting, ResourceID) {
        let account = try await call.read { try ProviderConnection.find(drift.connection, in: drift.tenant, $0) }
        let provider = try engine.pool.provider(for: account, installation: engine.identity.installation)
        do throws(ProviderError) {
            for sighting in try await provider.list(drift.kind) where sighting.reference == drift.reference {
                if let id = sighting.resource { return (account, sighting, id) }
            }
        } catch {
            throw Problem(error)
        }
        throw Problem(.invalidState, "The provider does not show it any more.")
    }

    private static func draft(_ body: JSON?, _ sighting: Sighting, _ gone: Resource?) throws -> AdoptionDraft {
        guard let name = body?["name"]?.string ?? gone?.name else {
            throw Problem.invalid("name", "What it was called is not known any more; say a name.", code: "required")
        }
        if let gone, let project = body?["project_id"]?.string, project != gone.project.rawValue {
            throw Problem.invalid("project_id", "It was \(gone.project)'s, and stays there.", code: "combination")
        }
        let project = body?["project_id"] ?? JSON(gone?.project)
        return try AdoptionDraft([
            "provider_ref": .string(sighting.reference), "name": .string(name), "project_id": project,
            "labels": body?["labels"] ?? .object((gone?.labels ?? [:]).sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }),
        ])
    }
}
