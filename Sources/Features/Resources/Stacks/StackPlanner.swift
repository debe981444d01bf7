import Identity
import Kernel
import Prices
import Provider
import Storage
import Web

/// Works out what has to be done so that a stack is as a definition says. Reads only.
struct StackPlanner {
    let caller: Caller
    let project: Project
    let name: String
    let definition: StackDefinition
    /// Nil for one that is not there yet.
    let stack: Stack?
    let check: PolicyCheck
    let at: Timestamp
    let connection: Connection

    private(set) var changes: [PlannedChange] = []
    private(set) var quotas: [Quota.Metric: Int] = [:]
    /// What references to members lead to, as far as it is known before anything is done.
    private(set) var known: [String: JSON] = [:]
    /// Ranges of the networks that it makes.
    private(set) var ranges: [NetworkRange] = []

    init(
        caller: Caller, project: Project, name: String, definition: StackDefinition, stack: Stack?, check: PolicyCheck, at: Timestamp,
        connection: Connection
    ) {
        self.caller = caller
        self.project = project
        self.name = name
        self.definition = definition
        self.stack = stack
        self.check = check
        self.at = at
        self.connection = connection
    }

    /// Throws what `StackDefinition.check` throws, `validation_failed` for a spec that its kind does not take, `name_taken`, `invalid_state`
    /// for a member that is being deleted, `provider_required`, `cidr_overlap`.
    mutating func run() throws {
        try definition.check()
        for key in try StackGraph(definition).order {
            guard let member = definition[key] else { continue }
            try plan(member)
        }
        for member in try stack?.members(connection) ?? [] where definition[member.key] == nil { try planRemoval(member) }
        try requireFreeRanges()
    }

    // MARK: One member

    private mutating func plan(_ member: StackDefinition.Member) throws {
        let wanted = try resolved(member)
        let name = member.name(in: self.name)
        if let complaint = ResourceDraft.nameSchema.violations(in: .string(name)).first {
            throw problem(member, "The name \(name.prefix(100)) \(complaint.detail).", code: "name")
        }
        let account = try ProviderConnection.resolve(wanted["provider"]?.string, for: project.id, caller.tenant, connection)
        var change = PlannedChange(key: member.key, kind: member.kind, name: name, action: .create)
        let present = try stack?.resource(of: member.key, connection)
        if let present { try compare(present, member, wanted, account, &change) } else { try find(member, wanted, account, &change) }
        if change.action != .noop { try requireReferences(of: member, wanted, account) }
        try price(&change, present: change.action == .create ? nil : resource(change), wanted, member, account)
        change.policyResults = try policyResults(change, wanted, account)
        note(change, wanted)
        changes.append(change)
        if member.kind == .network, change.action == .create || change.action == .replace {
            ranges.append(contentsOf: NetworkRange(member, wanted, account).map { [$0] } ?? [])
        }
    }

    /// With variables, and what is known of other members, in place of references. Throws `validation_failed`.
    private func resolved(_ member: StackDefinition.Member) throws -> JSON {
        let wanted = Template.resolved(member.json) { reference in
            reference.isVariable ? definition.variables[reference.field] : known[reference.key]?.value(at: reference.field)
        }
        // What is not known yet stands there as text; that it fits is seen when it is made.
        let violations = member.kind.draftSchema.violations(in: wanted["spec"] ?? .object([])).filter { violation in
            guard let value = (wanted["spec"] ?? .object([])).value(at: String(violation.pointer.dropFirst()).replacing("/", with: "."))
            else {
                return true
            }
            return Template.references(in: value).isEmpty
        }
        if let first = violations.first { throw problem(member, "\(member.key): spec\(first.pointer) \(first.detail).", code: "spec") }
        for label in wanted["labels"]?.members ?? [] where Template.references(in: label.value).isEmpty {
            guard ResourceDraft.labelsSchema.violations(in: .object([label])).isEmpty, LabelSelector.isName(label.name) else {
                throw problem(member, "\(member.key): \(label.name.prefix(63)) cannot be a label with that value.", code: "labels")
            }
        }
        return wanted
    }

    func problem(_ member: StackDefinition.Member, _ detail: String, code: String) -> Problem {
        Problem.invalid(String(pointer(of: member).dropFirst()), detail, code: code)
    }

    func pointer(of member: StackDefinition.Member) -> String {
        "/resources/\(definition.members.firstIndex { $0.key == member.key } ?? 0)"
    }

    func resource(_ change: PlannedChange) throws -> Resource? {
        try change.resource.map { try Resource.find($0, in: caller.tenant, connection) }
    }

    /// A member without a resource: made, or taken over by its name.
    private func find(
        _ member: StackDefinition.Member, _ wanted: JSON, _ account: ProviderConnection, _ change: inout PlannedChange
    ) throws {
        guard let found = try Resource.find(named: change.name, member.kind, in: project.id, caller.tenant, connection) else { return }
        change.resource = found.id
        change.base = found.planned
        if found.phase == .deleted {
            change.reason = "The deleted one of that name is purged for it."
            if found.isKept { (change.action, change.destroysData) = (.replace, true) }
            return
        }
        if let holder = try Stack.holder(of: found.id, in: caller.tenant, connection) {
            throw taken(found, "it belongs to \(holder == stack?.id ? "another member of this stack" : "another stack")")
        }
        try compare(found, member, wanted, account, &change)
        switch change.action {
        case .noop, .update:
            change.action = .adopt
            change.reason = "There is one of that name."
        default: throw taken(found, "it is not what the stack wants: \(change.reason ?? "it differs")")
        }
    }

    private func taken(_ found: Resource, _ why: String) -> Problem {
        Problem(
            .nameTaken, "The \(found.kind.rawValue) \(found.name) cannot become part of the stack: \(why)",
            members: ["existing_id": JSON(found.id)])
    }

    private func compare(
        _ present: Resource, _ member: StackDefinition.Member, _ wanted: JSON, _ account: ProviderConnection, _ change: inout PlannedChange
    ) throws {
        change.resource = present.id
        change.base = present.planned
        guard present.phase != .deleting else {
            throw Problem(.invalidState, "The \(present.kind.rawValue) \(present.name) is being deleted.", members: ["phase": "deleting"])
        }
        if present.phase == .failed || present.phase == .missing {
            change.action = .replace
            change.reason = present.phase == .failed ? "It could not be made." : "The provider does not have it any more."
            return
        }
        let difference = StackDifference(present, wanted, member, account, project: project.id, connection: connection)
        change.fields = try difference.fields()
        let fixed = change.fields.filter { !difference.canChange($0) }
        change.action = change.fields.isEmpty ? .noop : fixed.isEmpty ? .update : .replace
        if !fixed.isEmpty {
            change.reason = "\(fixed.map(\.field).joined(separator: ", ")) can only be had with a new one."
            change.destroysData = !member.kind.isStateless
        }
    }

    private mutating func planRemoval(_ member: StackMember) throws {
        let resource = try Resource.find(member.resource, in: caller.tenant, connection)
        var change = PlannedChange(key: member.key, kind: resource.kind, name: resource.name, action: .delete)
        change.resource = resource.id
        change.base = resource.planned
        change.reason = resource.isGone ? "It is gone already, and leaves the stack." : "The stack does not want it any more."
        if !resource.isGone, resource.kind.isKeptWhenDeleted { change.reason?.append(" It is kept, and charged, until it is purged.") }
        change.destroysData = !resource.isGone && !resource.kind.canBeUndeleted
        change.fields = []
        if !resource.isGone { try price(&change, present: resource, nil, nil, nil) }
        changes.append(change)
    }

    // MARK: What follows

    /// What others may refer to: all of what stays, of what is made only what was asked for.
    private mutating func note(_ change: PlannedChange, _ wanted: JSON) {
        let stays = change.action == .noop || change.action == .update || change.action == .adopt
        if stays, let present = try? resource(change) {
            known[change.key] = present.described
        } else {
            known[change.key] = [
                "name": .string(change.name), "kind": .string(change.kind.rawValue),
                "spec": sized(wanted["spec"] ?? .object([]), change.kind),
            ]
        }
    }

    /// What it is to be: what the definition says, over what is there.
    func spec(_ change: PlannedChange, _ present: Resource?, _ wanted: JSON) -> JSON {
        let asked = wanted["spec"] ?? .object([])
        guard let present, change.action != .replace else { return sized(asked, change.kind) }
        return .object((present.spec.json.members ?? []).map { .init($0.name, asked[$0.name] ?? $0.value) })
    }

    /// `wanted` nil for what goes.
    private mutating func price(
        _ change: inout PlannedChange, present: Resource?, _ wanted: JSON?, _ member: StackDefinition.Member?,
        _ account: ProviderConnection?
    ) throws {
        let held = present.flatMap { $0.isGone && !$0.isKept ? nil : $0.spec.demand }
        let demand = wanted.flatMap { Spec(change.kind, spec(change, present, $0)) }?.demand
        guard let place = account?.provider ?? present?.provider else { return }
        let consumer = Consumer(
            tenant: caller.tenant, account: project.account, project: project.id, resource: "", kind: change.kind.rawValue,
            name: change.name,
            provider: present?.provider ?? place, location: wanted?["location"]?.string ?? present?.location ?? "local", labels: [:])
        let prices = try HourlyPrices((held?.lines ?? []) + (demand?.lines ?? []), for: consumer, connection)
        let (before, after) = (prices.hourly(held?.lines ?? [], at: at), prices.hourly(demand?.lines ?? [], at: at))
        (change.hourlyBefore, change.hourlyAfter) = (before.amount, after.amount)
        change.currency = after.currency ?? before.currency
        // What is taken over counts against the quotas already.
        for (metric, count) in demand?.counts ?? [:] { quotas[metric, default: 0] += count }
        for (metric, count) in held?.counts ?? [:] { quotas[metric, default: 0] -= count }
    }
}

extension Resource {
    /// What a plan goes by: one that is deleted or undeleted since is another.
    var planned: String { isGone ? etag.text + " deleted" : etag.text }

    /// What a reference to it can lead to.
    var described: JSON {
        var told = self
        told.syncedAt = nil
        var json = JSONWriter(capacity: 1536)
        ResourceView(resource: told, cost: nil, sequence: 0).write(to: &json)
        let status = (try? JSONParser.parse(json.bytes)) ?? .null  // it was written just now
        return .object((status.members ?? []) + [.init("provider_ref", JSON(reference)), .init("address", JSON(observed.addresses.first))])
    }
}
