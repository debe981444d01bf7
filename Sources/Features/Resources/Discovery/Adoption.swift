import Identity
import Kernel
import Prices
import Provider
import Storage
import Web

// An object that was there becomes a resource without being touched. It is proved first that the spec it gets says nothing else than what is
// there: every field that the provider shows is compared at that moment, and one that a spec cannot say refuses the whole adoption. What the
// provider cannot show (a volume's size at a container engine) is taken from whoever adopts it, and never compared.

/// One object that is to become a resource.
struct AdoptionDraft: Sendable {
    let reference: String
    let name: String
    let project: String?
    let labels: [String: String]
    /// What a spec needs and the provider may not tell.
    let size: String?
    let sizeGiB: Int64?
    /// Whether our mark is put on it, where the provider can.
    let marks: Bool

    init(_ item: JSON) throws {
        reference = item["provider_ref"]?.string ?? ""
        name = item["name"]?.string ?? ""
        project = item["project_id"]?.string
        labels = try ResourceDraft.labels(item["labels"])
        size = item["size"]?.string
        sizeGiB = item["size_gib"]?.integer
        marks = item["mark"]?.bool ?? true
    }

    static let schema = Schema.object([
        .required("provider_ref", .string(1...500, .echo)), .required("name", ResourceDraft.nameSchema),
        .optional("project_id", .id("proj", "Whose it becomes; a key of a project needs none.")),
        .optional("labels", ResourceDraft.labelsSchema),
        .optional(
            "size", .choice(InstanceSize.all.map(\.name), "Of an instance whose size the provider does not tell; s-1 when left out.")),
        .optional("size_gib", .integer(1...16_384, "Of a volume whose size the provider does not tell; 1 when left out.")),
        .optional("mark", .boolean("Whether our mark is put on it where the provider can; true when left out.")),
    ])
}

extension Admitting {
    /// - Parameters:
    ///   - seen: what the provider shows of the object now; nil when it is not among what is nobody's.
    ///   - place: what is at the other end of the connection.
    func adopt(
        _ draft: AdoptionDraft, at pointer: String, as seen: Discovery.Object?, from discovery: inout Discovery, place: String
    ) throws -> Resource {
        guard let index = discovery.objects.firstIndex(where: { $0.reference == draft.reference }), let seen else {
            throw Problem(
                .validationFailed, "There is no \(draft.reference.prefix(100)) that the discovery found.",
                violations: [.init(pointer: pointer + "/provider_ref", code: "not_found", detail: "is not there")])
        }
        let known = try Resource.adopted(seen.reference, seen.kind, at: discovery.connection, in: caller.tenant, connection)
        if let known { throw Problem(.conflict, "\(seen.reference) is adopted already, as \(known).") }
        guard !seen.isMarked else { throw Problem(.conflict, "Another installation manages \(seen.reference).") }
        let account = try ProviderConnection.find(discovery.connection, in: caller.tenant, connection)
        let resource = try take(seen, draft, at: pointer, account)
        try AdoptionClaim(place: "\(account.provider) \(place)", kind: seen.kind, reference: seen.reference).take(for: resource, connection)
        discovery.objects[index].resource = resource.id
        return resource
    }

    /// Makes a resource of an object that is there. One that bears our mark already gets the id it names, with the row that id had when it is
    /// gone.
    func take(
        _ seen: Discovery.Object, _ draft: AdoptionDraft, at pointer: String, _ account: ProviderConnection, marked id: ResourceID? = nil,
        after gone: Resource? = nil
    ) throws -> Resource {
        try caller.require(seen.kind.writeScope)
        let project = try project(draft.project)
        guard account.serves(project.id) else {
            throw Problem(.invalidReference, "The connection \(account.name) is not for that project.")
        }
        var resource = resource(seen, draft, project, account, marked: id)
        try requireNoDifference(resource, seen, at: pointer)
        let named = try Resource.find(named: resource.name, resource.kind, in: project.id, caller.tenant, connection)
        guard named == nil || named?.id == gone?.id else {
            throw Problem(.nameTaken, "There is a \(resource.kind.noun) named \(resource.name) in this project.")
        }
        let estimate = try Admission.reserve(
            resource.spec.demand, for: resource.consumer, alternatives: resource.spec.alternatives, by: by, connection)
        try MeteredTime.set(resource.chargedLines, for: resource.consumer, at: by.at, connection)
        resource.set(.ready, true, "Adopted", at: by.at)
        resource.set(.synced, true, "InSync", at: by.at)
        if let gone {
            (resource.generation, resource.metadata) = (gone.generation + 1, gone.metadata + 1)
            resource.observedGeneration = resource.generation
            try resource.save(connection)
            try resource.replaceLabels(connection)
            try resource.replaceLinks(connection)
        } else {
            try resource.insert(connection)
        }
        log("adopted", resource, nil, estimate: estimate)
        return resource
    }

    /// The proof. Throws `validation_failed` with every field that the spec does not say as it is there.
    private func requireNoDifference(_ resource: Resource, _ seen: Discovery.Object, at pointer: String) throws {
        let spec = CanonicalState(resource.spec)
        let violations = seen.fields.fields.sorted { $0.key < $1.key }.compactMap { path, observed -> Problem.Violation? in
            let difference = Difference(path: path, wanted: spec[path] ?? .null, observed: observed)
            let isSame = difference.wanted == observed || (difference.isState && observed == "crashed" && difference.wanted == "stopped")
            return isSame ? nil : .init(pointer: "\(pointer)/spec/\(path)", code: "differs", detail: difference.sentence)
        }
        guard violations.isEmpty else {
            throw Problem(
                .validationFailed,
                "\(seen.reference) cannot be adopted as it is: \(violations.map(\.detail).joined(separator: "; ")). A spec cannot say what is there.",
                violations: violations)
        }
    }

    private func resource(
        _ object: Discovery.Object, _ draft: AdoptionDraft, _ project: Project, _ account: ProviderConnection, marked id: ResourceID?
    ) -> Resource {
        var resource = Resource(
            id: id ?? object.kind.makeID(by), kind: object.kind, tenant: caller.tenant, account: project.account, project: project.id,
            environment: project.env.rawValue, name: draft.name, connection: account.id, provider: account.provider, location: "local",
            phase: .ready, power: object.kind == .instance ? object.power : nil, spec: object.spec(draft), sealed: nil,
            labels: draft.labels, dependsOn: [], observed: .init(), conditions: [], reference: object.reference, isProtected: false,
            expiresAt: nil, generation: 1, observedGeneration: 1, metadata: 1, operation: nil, createdAt: by.at, updatedAt: by.at,
            syncedAt: by.at, deletedAt: nil, purgeAt: nil)
        resource.sync.management = .observe
        resource.sync.adoption = id != nil ? .marked : draft.marks ? .toBeMarked : .byReference
        resource.sync.baseline = object.fields.withoutPower
        return resource
    }
}

extension Discovery.Object {
    /// What would have made it.
    fileprivate func spec(_ draft: AdoptionDraft) -> Spec {
        var members = known.merging(fields.fields) { $1 }
        switch kind {
        case .instance:
            if members["size"] == nil || draft.size != nil { members["size"] = JSON(draft.size ?? "s-1") }
            if members["size"]?.string.flatMap(InstanceSize.named) == nil { members["size"] = .string(Self.covering(members["size"])) }
            members["power"] = .string(power == .running ? "running" : "stopped")
            members["image"] = .string(String((members["image"]?.string ?? "unknown").prefix(255)))
            members["volumes"] = []
        case .volume, .snapshot:
            if members["size_gib"] == nil || draft.sizeGiB != nil { members["size_gib"] = .integer(draft.sizeGiB ?? 1) }
            if members["encrypted"] == nil { members["encrypted"] = false }
        case .network, .bucket, .address, .firewall: break
        }
        // Every kind reads an object.
        return Spec(kind, .object(members.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) })) ?? .instance(.standard)
    }

    /// The smallest size that has as much, for what none of ours is; the proof then says that it differs.
    private static func covering(_ seen: JSON?) -> String {
        let (cpus, memory) = (seen?["milli_cpus"]?.integer ?? 0, seen?["memory_mib"]?.integer ?? 0)
        let covering = InstanceSize.all.first { Int64($0.milliCPUs) >= cpus && Int64($0.memoryMiB) >= memory }
        return (covering ?? InstanceSize.all[InstanceSize.all.count - 1]).name
    }
}

extension Resource {
    /// What an object was adopted as, while that is not gone.
    static func adopted(
        _ reference: String, _ kind: ResourceKind, at account: ConnectionID, in tenant: Tenant, _ connection: Connection
    ) throws -> ResourceID? {
        try connection.row(
            """
            SELECT id FROM resources WHERE workspace = ? AND mode = ? AND connection = ? AND kind = ? AND reference = ? \
            AND \(hasObject)
            """, tenant.workspace, tenant.mode, account, kind, reference
        ) { ResourceID($0.text(0)) }
    }

    /// The same of every object at the account, by kind and reference.
    static func adopted(
        at account: ConnectionID, in tenant: Tenant, _ connection: Connection
    ) throws -> [ResourceKind: [String: ResourceID]] {
        var adopted: [ResourceKind: [String: ResourceID]] = [:]
        let rows = try connection.rows(
            """
            SELECT kind, reference, id FROM resources WHERE workspace = ? AND mode = ? AND connection = ? AND reference IS NOT NULL \
            AND \(hasObject)
            """, tenant.workspace, tenant.mode, account
        ) { (ResourceKind(rawValue: $0.text(0)), $0.text(1), ResourceID($0.text(2))) }
        for case (let kind?, let reference, let id) in rows { adopted[kind, default: [:]][reference] = id }
        return adopted
    }
}
