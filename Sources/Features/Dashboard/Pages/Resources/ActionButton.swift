import HTTPTypes
import Kernel

/// Something that can be done to a resource in the state it is in.
struct ActionButton: Sendable {
    let id: String
    let verb: String
    let label: String
    let isDangerous: Bool
    let question: String?

    enum Verb: String, Sendable, CaseIterable {
        case start, stop, restart, snapshot, undelete, delete

        var label: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }

        var method: HTTPRequest.Method { self == .delete ? .delete : .post }

        var body: JSON? { self == .delete || self == .undelete ? nil : .object([]) }

        /// The call in the route table.
        func path(_ kind: String) -> String {
            switch self {
            case .delete: "/v1/\(kind)s/{id}"
            case .undelete: "/v1/\(kind)s/{id}/undelete"
            default: "/v1/\(kind)s/{id}/actions/\(rawValue)"
            }
        }

        func question(_ kind: String, _ name: String) -> (title: String, text: String)? {
            switch self {
            case .stop: ("Stop “\(name)”?", "What runs on it ends. It can be started again.")
            case .restart: ("Restart “\(name)”?", "What runs on it is interrupted.")
            case .delete where kind == "volume":
                ("Delete “\(name)”?", "It is kept with its data, and charged, until it is purged.")
            case .delete: ("Delete “\(name)”?", "It is removed at the provider. What was on it is gone.")
            case .start, .snapshot, .undelete: nil
            }
        }

        /// Whether it makes sense in that state; whether it is allowed, the call decides.
        func fits(_ kind: String, _ phase: String, _ power: String, hasObject: Bool) -> Bool {
            switch self {
            case .start: kind == "instance" && ["ready", "failed"].contains(phase) && ["stopped", "crashed"].contains(power)
            case .stop, .restart: kind == "instance" && phase == "ready" && power == "running"
            case .snapshot: kind == "volume" && phase == "ready"
            case .delete: !["deleting", "deleted", "purged"].contains(phase)
            case .undelete: kind != "ip" && kind != "snapshot" && phase == "deleted" && (kind != "volume" || hasObject)
            }
        }
    }

    /// None for who may not change it.
    static func offered(for resource: JSON, to caller: Caller) -> [ActionButton] {
        let kind = resource.text("kind")
        guard let scope = Scope(rawValue: "\(kind)s:write"), caller.scopes.contains(scope),
            let role = caller.role(in: ProjectID(resource.text("project_id"))), role >= .editor
        else { return [] }
        let hasObject = resource["status"]?["provider_ref"]?.string != nil
        return Verb.allCases.filter {
            $0.fits(kind, resource.text("status", "phase"), resource.text("status", "power"), hasObject: hasObject)
        }.map { verb in
            let question = verb.question(kind, resource.text("name"))
            return ActionButton(
                id: resource.text("id"), verb: verb.rawValue, label: verb.label, isDangerous: verb == .delete || verb == .stop,
                question: question.map { "\($0.title) \($0.text)" })
        }
    }
}
