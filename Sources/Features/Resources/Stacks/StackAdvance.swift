import Identity
import Kernel
import Provider
import Storage
import Web

/// A run inside one transaction: what has ended is noted, and what can begin is admitted, as a request for it would be. Done again, it does
/// nothing more.
struct StackAdvance {
    private(set) var run: StackRun
    private(set) var stack: Stack
    let admitting: Admitting

    /// Members worked on beside each other.
    private static let width = 10

    private var connection: Connection { admitting.connection }
    private var by: Attribution { admitting.by }
    private var active: [Int] { run.steps.indices.filter { run.steps[$0].isUndo == (run.state == .undoing) } }

    init(run: StackRun, stack: Stack, admitting: Admitting) {
        self.run = run
        self.stack = stack
        self.admitting = admitting
    }

    mutating func advance() throws {
        var isMoving = true
        while isMoving, !run.isOver {
            for place in active where run.steps[place].state == .running { try settle(place) }
            isMoving = try begin()
            if !active.contains(where: { run.steps[$0].state == .running }), !isMoving { try end() }
        }
    }

    // MARK: What has ended

    private mutating func settle(_ place: Int) throws {
        guard let id = run.steps[place].operation else { return try finish(place) }
        let operation = try Operation.find(id, in: run.tenant, connection)
        switch operation.state {
        case .succeeded: try finish(place)
        case .failed, .canceled: fail(place, operation.error?.detail ?? "It was canceled.")
        case .blocked, .stuck: fail(place, "The operation \(id) is \(operation.state.rawValue); resolve it first.")
        default: break
        }
    }

    private mutating func finish(_ place: Int) throws {
        run.steps[place].state = .done
        let step = run.steps[place]
        if step.action == .delete, try stack.members(connection).contains(where: { $0.key == step.key && $0.resource == step.resource }) {
            try stack.forget(step.key, connection)
        }
    }

    private mutating func fail(_ place: Int, _ reason: String) {
        run.steps[place].state = .failed
        run.steps[place].error = String(reason.prefix(2000))
    }

    // MARK: What can begin

    /// True when something was done that may let more begin.
    private mutating func begin() throws -> Bool {
        guard !active.contains(where: { run.steps[$0].state == .failed }) else { return false }
        var hasEnded = false
        for place in active where run.steps[place].state == .pending {
            guard active.count(where: { run.steps[$0].state == .running }) < Self.width else { return hasEnded }
            let done = Set(run.steps.filter { $0.state == .done || $0.state == .skipped }.map(\.title))
            guard run.steps[place].needs.isSubset(of: done) else { continue }
            do {
                var step = run.steps[place]
                try connection.savepoint { try begin(&step) }
                run.steps[place] = step
                (run.steps[place].state, run.steps[place].startedAt) = (.running, by.at)
                if step.operation == nil { hasEnded = true }
            } catch let problem as Problem {
                if problem.code == .queueFull || problem.code == .leaseHeld { continue }  // it is tried again
                for event in (problem.cause as? PolicyDenial)?.events ?? [] { connection.append(event, by: by) }
                run.steps[place].startedAt = by.at
                fail(place, "\(problem.code.rawValue): \(problem.detail)")
                return true
            }
        }
        return hasEnded
    }

    private func begin(_ step: inout StackStep) throws {
        switch step.action {
        case .create: try create(&step)
        case .update: try update(&step)
        case .adopt:
            guard let id = step.resource else { return }
            try stack.note(id, as: step.key, needs: stack.definition[step.key].map { $0.needs.sorted() } ?? [], connection)
            try update(&step)
        case .delete: try delete(&step)
        }
    }

    private func create(_ step: inout StackStep) throws {
        guard let member = stack.definition[step.key] else { throw Problem(.invalidReference, "The stack has no \(step.key) any more.") }
        let project = try admitting.project(run.project.rawValue)
        if let old = try Resource.find(named: step.name, step.kind, in: run.project, run.tenant, connection), old.phase == .deleted {
            _ = try admitting.delete(old, .init(purges: true))
        }
        let body = try resolved(member)
        if let first = step.kind.draftSchema.violations(in: body["spec"] ?? .object([]), at: "/spec").first {
            throw Problem(.validationFailed, "\(first.pointer) \(first.detail).")
        }
        let admitted = try admitting.create(try ResourceDraft(step.kind, named: step.name, body, at: by.at), in: project)
        try stack.note(admitted.resource.id, as: step.key, needs: member.needs.sorted(), connection)
        (step.resource, step.operation) = (admitted.resource.id, admitted.operation?.id)
    }

    /// Throws `invalid_reference` for what cannot be known.
    private func resolved(_ member: StackDefinition.Member) throws -> JSON {
        var known: [String: JSON] = [:]
        for key in Set(member.references.filter { !$0.isVariable }.map(\.key)) {
            known[key] = try stack.resource(of: key, connection)?.described
        }
        var missing: Template.Reference?
        let body = Template.resolved(member.json) { reference in
            let value =
                reference.isVariable ? stack.definition.variables[reference.field] : known[reference.key]?.value(at: reference.field)
            if value == nil || value == .null { missing = missing ?? reference }
            return value
        }
        if let missing { throw Problem(.invalidReference, "${\(missing.text)} is not known.") }
        // The order is the run's to keep, across providers.
        return .object((body.members ?? []).filter { !["key", "kind", "name", "depends_on"].contains($0.name) })
    }

    private func update(_ step: inout StackStep) throws {
        guard let id = step.resource, let change = step.change, change.members?.isEmpty == false else { return }
        let resource = try Resource.find(id, in: run.tenant, connection)
        let current = step.isUndo ? change : try refreshed(change, step.key)
        let wanted = Admitting.Wanted(
            labels: try current["labels"].map { try ResourceDraft.labels($0) }, isProtected: change["deletion_protection"]?.bool,
            expiresAt: nil, spec: current["spec"])
        var admitting = admitting
        admitting.isTakingBack = step.isUndo
        step.operation = try admitting.update(resource, to: wanted).operation?.id
    }

    /// A change may name what was not there when it was planned: the same fields as the definition has them now.
    private func refreshed(_ change: JSON, _ key: String) throws -> JSON {
        guard !Template.references(in: change).isEmpty, let member = stack.definition[key] else { return change }
        let now = try resolved(member)
        let spec = change["spec"].map { spec in
            JSON.object((spec.members ?? []).map { .init($0.name, now["spec"]?[$0.name] ?? $0.value) })
        }
        return .object(
            (change.members ?? []).map { entry in
                .init(entry.name, entry.name == "spec" ? spec ?? .null : now[entry.name] ?? entry.value)
            })
    }

    private func delete(_ step: inout StackStep) throws {
        guard let id = step.resource else { return }
        let resource = try Resource.find(id, in: run.tenant, connection)
        guard !resource.isGone || (step.purges && resource.phase == .deleted) else { return }
        step.operation = try admitting.delete(resource, .init(purges: step.purges)).operation?.id
    }

    // MARK: The end

    private mutating func end() throws {
        let failed = run.steps.first { $0.state == .failed && $0.isUndo == (run.state == .undoing) }
        // What could not be taken into a queue, or is leased, is tried again.
        guard failed != nil || !active.contains(where: { run.steps[$0].state == .pending }) else { return }
        switch (run.state, failed) {
        case (.running, nil): try close(.succeeded)
        case (.running, let failed?):
            run.error = .init(code: .notStabilized, detail: "\(failed.title): \(failed.error ?? "failed")")
            guard run.rollsBack else { return try close(.failed) }
            for place in run.steps.indices where run.steps[place].state == .pending { run.steps[place].state = .skipped }
            run.state = .undoing
            run.steps += undoing()
            try advance()
        case (_, nil): try close(.failed)
        case (_, let failed?):
            run.error = .init(code: .undoFailed, detail: "\(failed.title): \(failed.error ?? "failed")")
            try close(.stuck)
        }
    }

    /// Takes back what was made and changed, in reverse; what was deleted stays so. What could not be made may have left a row.
    private func undoing() -> [StackStep] {
        let needs = Dictionary(stack.definition.members.map { ($0.key, $0.needs) }) { one, _ in one }
        let made = run.steps.filter { $0.action == .create && $0.resource != nil && $0.startedAt != nil && $0.state != .skipped }
        let changed = run.steps.filter { ($0.action == .update || $0.action == .adopt) && $0.state == .done }
        let removals = made.map { step in
            var undo = StackStep(.delete, key: step.key, kind: step.kind, name: step.name)
            (undo.isUndo, undo.resource, undo.purges) = (true, step.resource, true)
            undo.needs = Set(
                made.filter { needs[$0.key]?.contains(step.key) == true }.map { StackStep.title(.delete, $0.key, isUndo: true) })
            return undo
        }
        let reversals = changed.map { step in
            var undo = StackStep(.update, key: step.key, kind: step.kind, name: step.name)
            (undo.isUndo, undo.resource, undo.change) = (true, step.resource, step.reverse)
            return undo
        }
        return removals + reversals
    }

    private mutating func close(_ state: StackRun.State) throws {
        run.state = state
        run.finishedAt = by.at
        let action =
            switch (run.plan == nil, state) {
            case (false, .succeeded): "applied"
            case (false, _): "apply_failed"
            case (true, .succeeded): "emptied"
            case (true, _): "delete_failed"
            }
        connection.append(
            EventDraft(
                "stack." + action, subject: stack.id.rawValue,
                data: [
                    "name": .string(stack.name), "project_id": JSON(stack.project), "operation_id": JSON(run.id), "plan_id": JSON(run.plan),
                    "error": run.error?.json ?? .null,
                ]), by: by)
        if run.plan == nil, state == .succeeded { try stack.remove(by: by, connection) }
    }
}
