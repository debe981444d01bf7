package import Kernel
import Prices
import Provider

/// One call to a provider, or one thing waited for. An operation is a list of them, with the position saved after each.
package struct Step: Sendable, Equatable {
    package let action: Action
    package var state: State = .pending
    /// How often the provider was called for it, or may have been.
    package var attempt = 0
    package var startedAt: Timestamp?
    /// The last call may have had its effect without our seeing the answer.
    package var isInDoubt = false
    /// How often a search that can lag behind has found nothing, and since when.
    package var emptySearches = 0
    package var emptySince: Timestamp?
    /// What the last attempt ran into; nil when it did not.
    package var trouble: String?

    package init(_ action: Action) { self.action = action }

    package enum State: String, Sendable, CaseIterable {
        case pending
        case running
        case done
        case skipped
        case failed
    }

    package enum Action: Sendable, Equatable {
        case create
        case delete
        /// A deletion that leaves the object where it is: nothing is called.
        case keep
        case start
        case stop
        case restart
        case resize(String)
        case grow(Int)
        case attach(ResourceID, path: String)
        case detach(ResourceID)
        case join(ResourceID)
        case leave(ResourceID)
        case assign(ResourceID)
        case unassign(ResourceID)
        /// The whole spec it is to have; for a firewall, with the instances it is to stand before.
        case configure(JSON, targets: [ResourceID])
        case empty
        /// Looks until the object is as it should be.
        case await(Goal)
    }

    package enum Goal: String, Sendable, Equatable {
        case running
        case stopped
        case present
        /// There, with all its data.
        case whole
        case absent
    }

    package var name: String {
        switch action {
        case .create: "provider.create"
        case .delete: "provider.delete"
        case .keep: "keep"
        case .start: "provider.start"
        case .stop: "provider.stop"
        case .restart: "provider.restart"
        case .resize: "provider.resize"
        case .grow: "provider.grow"
        case .attach: "provider.attach"
        case .detach: "provider.detach"
        case .join: "provider.join"
        case .leave: "provider.leave"
        case .assign: "provider.assign"
        case .unassign: "provider.unassign"
        case .configure: "provider.configure"
        case .empty: "provider.empty"
        case .await(let goal): "wait_" + (goal == .absent || goal == .stopped ? goal.rawValue : "ready")
        }
    }
}

extension Step {
    /// As it is stored.
    var json: JSON {
        var members: [JSON.Member] = [
            .init("name", .string(name)), .init("do", action.json), .init("state", .string(state.rawValue)),
            .init("attempt", JSON(attempt)),
            .init("started_at", JSON(startedAt)),
        ]
        if emptySearches > 0 {
            members.append(.init("empty_searches", JSON(emptySearches)))
            members.append(.init("empty_since", JSON(emptySince)))
        }
        if isInDoubt { members.append(.init("in_doubt", true)) }
        if let trouble { members.append(.init("trouble", .string(trouble))) }
        return .object(members)
    }

    init?(_ json: JSON) {
        guard let action = json["do"].flatMap({ Action($0) }), let state = json["state"]?.string.flatMap(State.init) else { return nil }
        self.action = action
        self.state = state
        attempt = Int(json["attempt"]?.integer ?? 0)
        startedAt = json["started_at"]?.string.flatMap { Timestamp($0) }
        isInDoubt = json["in_doubt"]?.bool ?? false
        emptySearches = Int(json["empty_searches"]?.integer ?? 0)
        emptySince = json["empty_since"]?.string.flatMap { Timestamp($0) }
        trouble = json["trouble"]?.string
    }
}

extension Step.Action {
    var json: JSON {
        switch self {
        case .create: ["verb": "create"]
        case .delete: ["verb": "delete"]
        case .keep: ["verb": "keep"]
        case .start: ["verb": "start"]
        case .stop: ["verb": "stop"]
        case .restart: ["verb": "restart"]
        case .resize(let size): ["verb": "resize", "size": .string(size)]
        case .grow(let size): ["verb": "grow", "gib": JSON(size)]
        case .attach(let volume, let path): ["verb": "attach", "id": .string(volume.rawValue), "path": .string(path)]
        case .detach(let volume): ["verb": "detach", "id": .string(volume.rawValue)]
        case .join(let network): ["verb": "join", "id": .string(network.rawValue)]
        case .leave(let network): ["verb": "leave", "id": .string(network.rawValue)]
        case .assign(let address): ["verb": "assign", "id": .string(address.rawValue)]
        case .unassign(let address): ["verb": "unassign", "id": .string(address.rawValue)]
        case .configure(let spec, let targets):
            ["verb": "configure", "spec": spec, "targets": .array(targets.map { .string($0.rawValue) })]
        case .empty: ["verb": "empty"]
        case .await(let goal): ["verb": "await", "goal": .string(goal.rawValue)]
        }
    }

    init?(_ json: JSON) {
        let id = json["id"]?.string.map { ResourceID($0) }
        switch json["verb"]?.string {
        case "create": self = .create
        case "delete": self = .delete
        case "keep": self = .keep
        case "start": self = .start
        case "stop": self = .stop
        case "restart": self = .restart
        case "resize": self = .resize(json["size"]?.string ?? "")
        case "grow": self = .grow(Int(json["gib"]?.integer ?? 0))
        case "attach":
            guard let id, let path = json["path"]?.string else { return nil }
            self = .attach(id, path: path)
        case "detach":
            guard let id else { return nil }
            self = .detach(id)
        case "join":
            guard let id else { return nil }
            self = .join(id)
        case "leave":
            guard let id else { return nil }
            self = .leave(id)
        case "assign":
            guard let id else { return nil }
            self = .assign(id)
        case "unassign":
            guard let id else { return nil }
            self = .unassign(id)
        case "configure":
            guard let spec = json["spec"] else { return nil }
            self = .configure(spec, targets: (json["targets"]?.array ?? []).compactMap(\.string).map { ResourceID($0) })
        case "empty": self = .empty
        case "await":
            guard let goal = json["goal"]?.string.flatMap(Step.Goal.init) else { return nil }
            self = .await(goal)
        default: return nil
        }
    }
}
