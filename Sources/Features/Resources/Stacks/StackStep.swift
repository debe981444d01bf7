import Kernel
import Provider

/// One thing a run does to one member, through an operation of the member's own.
struct StackStep: Sendable, Equatable {
    let key: String
    let kind: ResourceKind
    let name: String
    let action: Action
    /// Takes back what an earlier step did.
    var isUndo = false
    /// Names of steps that must be done first.
    var needs: Set<String> = []
    var resource: ResourceID?
    /// Frees the name at once.
    var purges = false
    /// What an update asks for: `labels`, `deletion_protection`, `spec`.
    var change: JSON?
    /// The same as it was before.
    var reverse: JSON?
    var state = State.pending
    var operation: OperationID?
    var error: String?
    var startedAt: Timestamp?

    enum Action: String, Sendable {
        case create, update, adopt, delete
    }

    enum State: String, Sendable, CaseIterable {
        case pending, running, done, skipped, failed
    }

    init(_ action: Action, key: String, kind: ResourceKind, name: String) {
        self.action = action
        self.key = key
        self.kind = kind
        self.name = name
    }

    /// Unique in its run: `create web`, `delete web (undo)`.
    var title: String { Self.title(action, key, isUndo: isUndo) }

    static func title(_ action: Action, _ key: String, isUndo: Bool = false) -> String {
        action.rawValue + " " + key + (isUndo ? " (undo)" : "")
    }

    /// As it is kept.
    var json: JSON {
        [
            "key": .string(key), "kind": .string(kind.rawValue), "name": .string(name), "action": .string(action.rawValue),
            "is_undo": .bool(isUndo), "needs": .array(needs.sorted().map(JSON.string)), "resource": JSON(resource), "purges": .bool(purges),
            "change": change ?? .null, "reverse": reverse ?? .null, "state": .string(state.rawValue), "operation": JSON(operation),
            "error": JSON(error), "started_at": JSON(startedAt),
        ]
    }

    init?(_ json: JSON) {
        guard let action = json["action"]?.string.flatMap(Action.init), let key = json["key"]?.string,
            let kind = json["kind"]?.string.flatMap(ResourceKind.init), let state = json["state"]?.string.flatMap(State.init)
        else { return nil }
        self.init(action, key: key, kind: kind, name: json["name"]?.string ?? "")
        isUndo = json["is_undo"]?.bool ?? false
        needs = Set((json["needs"]?.array ?? []).compactMap(\.string))
        resource = json["resource"]?.string.map { ResourceID($0) }
        purges = json["purges"]?.bool ?? false
        change = json["change"] == .null ? nil : json["change"]
        reverse = json["reverse"] == .null ? nil : json["reverse"]
        self.state = state
        operation = json["operation"]?.string.map { OperationID($0) }
        error = json["error"]?.string
        startedAt = json["started_at"]?.string.flatMap { Timestamp($0) }
    }
}

extension StackStep {
    /// The steps of a plan. Members are made after what they need; what goes is deleted before what it needs, and after everything else
    /// unless its place is needed.
    static func steps(of changes: [PlannedChange], _ definition: StackDefinition, _ members: [StackMember]) -> [StackStep] {
        var formerNeeds = Dictionary(members.map { ($0.key, Set($0.needs)) }) { one, _ in one }
        for member in definition.members where formerNeeds[member.key] == nil { formerNeeds[member.key] = member.needs }
        let going = Set(changes.filter { $0.action == .delete || $0.action == .replace }.map(\.key))
        let replaced = Set(changes.filter { $0.action == .replace }.map(\.key))
        let inTheWay = StackGraph.dependents(of: replaced, in: formerNeeds)
        var making: [StackStep] = []
        for change in changes where [.create, .replace, .update, .adopt].contains(change.action) {
            making.append(step(toMake: change, definition, changes))
        }
        let others = Set(making.map(\.title))
        let deleting = changes.filter { going.contains($0.key) }.map { change in
            var step = StackStep(.delete, key: change.key, kind: change.kind, name: change.name)
            step.resource = change.resource
            step.purges = change.action == .replace
            step.needs = Set(
                going.filter { formerNeeds[$0]?.contains(change.key) == true && $0 != change.key }.map { title(.delete, $0) })
            if change.action == .delete, !inTheWay.contains(change.key) { step.needs.formUnion(others) }
            return step
        }
        return making + deleting
    }

    private static func step(toMake change: PlannedChange, _ definition: StackDefinition, _ changes: [PlannedChange]) -> StackStep {
        let action: Action =
            switch change.action {
            case .update: .update
            case .adopt: .adopt
            default: .create
            }
        var step = StackStep(action, key: change.key, kind: change.kind, name: change.name)
        step.resource = change.resource
        for key in definition[change.key]?.needs ?? [] {
            guard let other = changes.first(where: { $0.key == key }) else { continue }
            switch other.action {
            case .create, .replace: step.needs.insert(title(.create, key))
            case .update: step.needs.insert(title(.update, key))
            case .adopt: step.needs.insert(title(.adopt, key))
            case .delete, .noop: break
            }
        }
        if change.action == .replace { step.needs.insert(title(.delete, change.key)) }
        (step.change, step.reverse) = (
            wanted(change.fields.map { ($0.field, $0.after) }), wanted(change.fields.map { ($0.field, $0.before) })
        )
        return step
    }

    /// Fields of a plan as a change asks for them.
    private static func wanted(_ fields: [(String, JSON?)]) -> JSON {
        let spec = fields.filter { $0.0.hasPrefix("spec.") }.map { JSON.Member(String($0.0.dropFirst(5)), $0.1 ?? .null) }
        let others = fields.filter { !$0.0.contains(".") }.map { JSON.Member($0.0, $0.1 ?? .null) }
        return .object(others + (spec.isEmpty ? [] : [.init("spec", .object(spec))]))
    }
}
