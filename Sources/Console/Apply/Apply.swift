import ArgumentParser
import Foundation
import Kernel

struct Apply: RemoteCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make networks, volumes, instances and the other kinds what a file says, and show first what that would do.",
        discussion: """
            A file with `name` and `resources` (or `template`) is a stack: the server plans and applies it, and what is no longer in the file is deleted. In one of \
            networks, volumes and instances each entry is one PUT by name, after those it names, and nothing is ever deleted. What fails ends it, \
            and the same file can be applied again. \(ExitStatus.text)
            """)

    @OptionGroup var remote: RemoteOptions
    @Option(name: .shortAndLong, help: "The file; - for the standard input.")
    var file: String?
    @Option(name: .customLong("plan-id"), help: "In place of a file: a plan that was made before, such as one that is approved by now.")
    var planID: String?
    @Flag(help: "Do not ask.")
    var yes = false
    @Flag(name: [.customLong("plan-only"), .customLong("plan")], help: "Show the plan and end.")
    var plan = false
    @Flag(help: "Wait for each until it is ready; what others need is waited for anyway.")
    var wait = false
    @Option(name: .customLong("var"), help: "Of a stack: NAME=VALUE in place of a variable of the file; may be repeated.")
    var variables: [String] = []
    @Flag(help: "Of a stack: go on though data would be lost.")
    var confirmDataLoss = false
    @Flag(help: "Of a stack: take back what was made and changed when something fails.")
    var rollback = false

    func validate() throws {
        guard (file == nil) != (planID == nil) else { throw ValidationError("Say either a file (-f) or a plan (--plan-id).") }
    }

    func run(_ server: Remote) async throws {
        if let planID { return try await apply(planned: try await server.get("/v1/plans/\(Remote.escaped(planID))"), server) }
        let text = try text(of: file ?? "-")
        if let stack = try StackFile(yaml: text) { return try await apply(stack, server) }
        let manifest = try Manifest(yaml: text)
        let project = try await server.project(manifest.project)
        let steps = try await planned(manifest, project, server)
        for (entry, step, _) in steps {
            Terminal.out("\(step.sign)  \(entry.kind.rawValue)/\(entry.name)")
            for detail in step.details { Terminal.out("            " + detail) }
        }
        let refused = steps.filter { if case .refused = $0.1 { true } else { false } }
        guard refused.isEmpty else {
            throw RemoteFailure(
                .conflict, "Error: What is marked with ! cannot be changed in place. Give it another name, or delete it first.")
        }
        let work = steps.filter { $0.1 != .nothing }
        guard !plan, !work.isEmpty else { return Terminal.out(work.isEmpty ? "Nothing to do." : "\(work.count) to do.") }
        guard yes || (file != "-" && Prompt.agrees("Apply \(work.count) of \(steps.count)?")) else {
            throw RemoteFailure(.usage, "Error: Nothing was done: say --yes.")
        }
        try await perform(steps, project, server)
    }

    // MARK: A stack

    private func apply(_ stack: StackFile, _ server: Remote) async throws {
        let project = try await server.project(stack.project)
        let content: JSON.Member =
            if let template = stack.template {
                .init("template_id", .string(try await server.template(template)))
            } else {
                .init("resources", stack.resources)
            }
        let made = try await server.send(
            .post, "/v1/plans", [],
            .object([
                .init("name", .string(stack.name)), .init("project_id", .string(project)),
                .init("variables", try stack.variables(with: variables)), content,
            ]))
        try await apply(planned: made, server)
    }

    private func apply(planned made: Remote.Answer, _ server: Remote) async throws {
        show(made) { _ in StackPlanText.lines(made.json).map(TextTable.printable).joined(separator: "\n") }
        let count = StackPlanText.count(made.json)
        guard !plan, count > 0 else { return }
        guard yes || (file != "-" && Prompt.agrees("Apply \(count) changes?")) else {
            throw RemoteFailure(.usage, "Error: Nothing was done: say --yes.")
        }
        let body: JSON = ["confirm_data_loss": .bool(confirmDataLoss), "on_failure": .string(rollback ? "rollback" : "stop")]
        let applied = try await server.send(.post, "/v1/plans/\(made.json["id"]?.string ?? "")/apply", [], body)
        if wait { try await Waiting.ended(applied, server) }
        let id = applied.json["id"]?.string ?? ""
        let stack = "stack/\(made.json["name"]?.string ?? "")  \(id)"
        show(try await server.get("/v1/stacks/\(id)")) { _ in "\(wait ? "applied" : "applying")  \(stack)" }
    }

    private typealias Planned = (Manifest.Entry, Plan.Step, String?)

    private func text(of file: String) throws -> String {
        let bytes = file == "-" ? try FileHandle.standardInput.readToEnd() : FileManager.default.contents(atPath: file)
        guard let bytes else { throw RemoteFailure(.failure, "Error: There is no file \(file).") }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// With the id of each that is there.
    private func planned(_ manifest: Manifest, _ project: String, _ server: Remote) async throws -> [Planned] {
        var steps: [Planned] = []
        for entry in manifest.entries {
            let existing = try await existing(entry, project, server)
            let step = Plan.step(entry, existing: existing)
            steps.append((entry, step, existing?["id"]?.string))
        }
        return steps
    }

    private func existing(_ entry: Manifest.Entry, _ project: String, _ server: Remote) async throws -> JSON? {
        do {
            return try await server.get("/v1/\(entry.kind.rawValue)/\(Remote.escaped(entry.name))", [("project_id", project)]).json
        } catch let failure as RemoteFailure where failure.status == .notFound {
            return nil
        }
    }

    private func perform(_ steps: [Planned], _ project: String, _ server: Remote) async throws {
        var ids = Dictionary(steps.compactMap { step in step.2.map { (step.0.name, $0) } }) { one, _ in one }
        let needed = Set(steps.flatMap { $0.0.needs })
        for (entry, step, _) in steps where step != .nothing {
            let path = "/v1/\(entry.kind.rawValue)/\(Remote.escaped(entry.name))"
            let answer = try await server.send(.put, path, [], Plan.body(entry, project: project, ids: ids))
            ids[entry.name] = answer.json["id"]?.string
            if wait || needed.contains(entry.name) { try await Waiting.ended(answer, server) }
            let outcome = answer.status == 201 ? "made" : answer.status == 202 ? "changed" : "in line"
            if remote.json {
                Terminal.out(json: answer.text)
            } else {
                Terminal.out("\(outcome)  \(entry.kind.rawValue)/\(entry.name)  \(ids[entry.name] ?? "")")
            }
        }
    }
}

extension Remote {
    /// The id of a template, by that or by its name.
    fileprivate func template(_ named: String) async throws -> String {
        if named.hasPrefix("tpl_") { return named }
        let found = try await get("/v1/templates", [("limit", "2"), ("name", named)]).json["data"]?.array ?? []
        guard let id = found.first?["id"]?.string else { throw RemoteFailure(.notFound, "Error: There is no template \(named).") }
        guard found.count == 1 else { throw RemoteFailure(.usage, "Error: Several templates are named \(named); use the id.") }
        return id
    }
}
