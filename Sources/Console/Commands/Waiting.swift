import ArgumentParser
import Kernel

/// Whether a command ends when the work is begun or when it is done.
struct Waiting: ParsableArguments {
    @Flag(help: "Wait until it is done, with a bar on a terminal.")
    var wait = false

    /// Follows the operation that an answer carries; nothing where there is none. Throws when it ends other than well.
    func follow(_ answer: Remote.Answer, _ server: Remote) async throws {
        if wait { try await Self.ended(answer, server) }
    }

    static func ended(_ answer: Remote.Answer, _ server: Remote) async throws {
        let json = answer.json
        guard let id = json["operation"]?["id"]?.string ?? json["operation_id"]?.string else { return }
        try await Operation.end(id, server)
    }
}

enum Operation {
    /// Asks with `wait`, so that a long one costs a request every five seconds and not a hundred a minute.
    static func end(_ id: String, _ server: Remote, isWell: Set<String> = ["succeeded"]) async throws {
        let bar = ProgressBar()
        defer { bar.clear() }
        while true {
            let operation = try await server.get("/v1/operations/" + Remote.escaped(id), [("wait", bar.isShown ? "1s" : "5s")]).json
            let state = operation["state"]?.string ?? "?"
            let steps = operation["steps"]?.array ?? []
            let step = steps.first { $0["state"]?.string != "done" }?["name"]?.string
            bar.show(percent: Int(operation["progress_percent"]?.integer ?? 0), step ?? state)
            switch state {
            case _ where isWell.contains(state): return
            case "queued", "running", "canceling", "undoing": continue
            default:
                let reason = operation["error"]?["detail"]?.string
                let next =
                    ["blocked", "stuck"].contains(state) ? "\n  Next: look at the provider, then cloudapi operations resolve \(id)." : ""
                throw RemoteFailure(.failure, "Error: The operation \(id) is \(state)\(reason.map { ": " + $0 } ?? ".")\(next)")
            }
        }
    }
}
