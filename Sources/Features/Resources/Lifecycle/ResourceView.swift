import Kernel
import Prices
import Provider
import Web

/// A resource as it is answered: alone, in lists, and after a change.
struct ResourceView: JSONRepresentable {
    let resource: Resource
    let cost: ResourceCost?
    /// The instance that has the volume or the address.
    var holder: ResourceID?
    /// Where the log stood when it was read.
    let sequence: Int64
    /// Beside the resource in the answer to a change.
    var operation: Operation?
    var estimate: Estimate?
    /// Likewise what policies warn of.
    var policyResults: [PolicyResult] = []
    var placement: Placement?

    func write(to json: inout JSONWriter) {
        json.object { json in
            writeIdentity(to: &json)
            json.field("spec", resource.spec.json)
            json.object("status") { json in writeStatus(to: &json) }
            json.field("cost", cost)
            json.field("generation", resource.generation)
            json.field("etag", resource.etag.text)
            json.field("seq", sequence)
            json.field("operation_id", resource.operation)
            json.field("created_at", resource.createdAt)
            json.field("updated_at", resource.updatedAt)
            json.field("delete_time", resource.deletedAt)
            json.field("purge_time", resource.purgeAt)
            if let operation { json.field("operation", OperationView(operation: operation)) }
            if let estimate { json.field("estimate", estimate) }
            if let placement { json.field("placement", placement.json) }
            if !policyResults.isEmpty { json.field("policy_results", JSON.array(policyResults.map(\.json))) }
        }
    }

    private func writeIdentity(to json: inout JSONWriter) {
        json.field("id", resource.id)
        json.field("kind", resource.kind.rawValue)
        json.field("project_id", resource.project)
        json.field("account_id", resource.account)
        json.field("environment", resource.environment)
        json.field("mode", resource.tenant.mode.rawValue)
        json.field("name", resource.name)
        json.field("labels", JSON.object(resource.labels.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }))
        json.field("provider", resource.connection)
        json.field("location", resource.location)
        json.field("management", resource.sync.management.rawValue)
        json.field("drift_policy", resource.driftPolicy.rawValue)
        json.field("sync_interval_s", resource.sync.interval)
        json.array("drift_ignore", resource.sync.ignored) { json, path in json.value(path) }
        json.field("deletion_protection", resource.isProtected)
        json.field("expires_at", resource.expiresAt)
        json.array("depends_on", resource.dependsOn)
    }

    private func writeStatus(to json: inout JSONWriter) {
        json.field("phase", resource.phase.rawValue)
        if resource.kind == .instance { json.field("power", resource.power?.rawValue) }
        json.field("provider_ref", resource.reference)
        json.field("addresses", resource.observed.addressesJSON)
        if resource.kind == .instance {
            json.field("exit_code", resource.observed.exitCode)
            json.field("running_since", resource.observed.runningSince)
        }
        if resource.kind.isHeld { json.field("attached_to", holder) }
        if resource.kind == .bucket { json.field("empty", resource.observed.isEmpty) }
        if resource.kind == .firewall { json.array("applied_to", resource.observed.appliedTo ?? []) }
        if resource.kind == .network { json.field("cidr", resource.observed.cidr) }
        if case .snapshot(let spec) = resource.spec {
            json.field("size_gib", resource.observed.sizeGiB)
            json.field("volume_id", spec.volume)
        }
        json.field("observed_generation", resource.observedGeneration)
        json.field("last_synced_at", resource.syncedAt)
        json.array("conditions", resource.conditions) { json, condition in condition.json.write(to: &json) }
    }
}

extension ResourceView {
    private static func status(_ kind: ResourceKind?) -> Schema {
        let condition = Schema.object([
            .required("type", .choice(of: Condition.Kind.self)), .required("status", .choice(["true", "false"])),
            .required("reason", .string(0...100, .echo)), .required("message", .string(0...4000, .echo)),
            .required("last_transition_at", .timestamp()),
        ])
        var fields: [Schema.Field] = [
            .required("phase", .choice(of: Resource.Phase.self)),
            .required("provider_ref", Schema.string(0...500, .echo, "The provider's own id of it.").nullable),
            .required(
                "addresses", .array(.object([.required("type", .choice(["private", "public"])), .required("ip", .string(2...45))]))),
            .required("observed_generation", .integer(0...Int64.max, "The generation that was last brought about.")),
            .required("last_synced_at", Schema.timestamp().nullable), .required("conditions", .array(condition)),
        ]
        let ofInstances: [Schema.Field] = [
            .optional("power", Schema.choice(of: Power.self, "What was seen.").nullable),
            .optional("exit_code", Schema.integer(Int64.min...Int64.max).nullable),
            .optional("running_since", Schema.timestamp().nullable),
        ]
        func has(_ kinds: ResourceKind...) -> Bool { kind.map(kinds.contains) ?? true }
        if has(.instance) { fields += ofInstances }
        if has(.volume, .address) { fields.append(.optional("attached_to", Schema.id("inst", "The instance that has it.").nullable)) }
        if has(.network) { fields.append(.optional("cidr", Schema.string(9...18).nullable)) }
        if has(.bucket) {
            fields.append(.optional("empty", Schema.boolean("Whether nothing was in it when it was last looked at.").nullable))
        }
        if has(.firewall) { fields.append(.optional("applied_to", .array(.id("inst"), 0...1000, "The instances it stands before."))) }
        if has(.snapshot) {
            fields += [
                .optional("size_gib", Schema.integer(0...Int64.max, "What the provider shows; null until it has it.").nullable),
                .optional("volume_id", Schema.id("vol", "The volume it is of, also when that is gone.").nullable),
            ]
        }
        return .object(fields)
    }

    private static func fields(_ kind: ResourceKind?) -> [Schema.Field] {
        [
            .required("id", .id(kind?.idPrefix ?? InstanceKind.prefix)), .required("kind", .choice(of: ResourceKind.self)),
            .required("project_id", .id("proj")), .required("account_id", .id("acc")), .required("environment", .string(1...20)),
            .required("mode", .choice(of: Mode.self)), .required("name", .string(1...63)),
            .required("labels", Schema(.map(.string(0...63, .echo)))), .required("provider", .id("con")),
            .required("location", .string(1...63)),
            .required("management", .choice(of: Management.self)),
            .required(
                "drift_policy", .choice(of: DriftPolicy.self, "What happens when the provider's object differs from what is wanted.")),
            .required("sync_interval_s", Schema.integer(5...86_400, "Seconds between two looks; null for what is usual.").nullable),
            .required("drift_ignore", .array(.string(1...63, .echo), 0...100)),
            .required("deletion_protection", .boolean()),
            .required("expires_at", Schema.timestamp().nullable), .required("depends_on", .array(.string(1...100))),
            .required("spec", kind?.specSchema ?? Schema(.map(Schema(.any)))), .required("status", status(kind)),
            .required("cost", ResourceCost.schema.nullable),
            .required("generation", .integer(1...Int64.max, "Counts changes of the spec.")), .required("etag", .string(1...60, .echo)),
            .required("seq", .integer(0...Int64.max, "Where the log stood when this was read: `GET /v1/events?after=` goes on from here.")),
            .required("operation_id", Schema.id("op", "The operation that runs now.").nullable),
            .required("created_at", .timestamp()), .required("updated_at", .timestamp()),
            .required("delete_time", Schema.timestamp().nullable),
            .required("purge_time", Schema.timestamp().nullable),
        ]
    }

    static func schema(_ kind: ResourceKind?) -> Schema {
        .named(kind?.schemaName ?? "Resource", .object(fields(kind)))
    }

    static func changedSchema(_ kind: ResourceKind) -> Schema {
        .named(
            "Changed" + kind.schemaName,
            .object(
                fields(kind) + [
                    .optional("operation", OperationView.schema), .optional("estimate", Estimate.schema),
                    .optional("policy_results", PolicyResult.list),
                    .optional("placement", Placement.schema),
                ]))
    }
}
