import Kernel
import Provider
import Storage
import Web

/// A stack as it is answered, with what its members have become and how its last operation stands.
struct StackView: JSONRepresentable, Sendable {
    let stack: Stack
    let members: [(member: StackMember, resource: Resource)]
    let run: StackRun?

    enum Status: String, Sendable, CaseIterable {
        /// Nothing of it was made yet.
        case empty
        case ready, applying, deleting, failed
    }

    private var status: Status {
        guard let run else { return .empty }
        if !run.isOver { return run.plan == nil ? .deleting : .applying }
        return run.state == .succeeded ? .ready : .failed
    }

    static func of(_ stack: Stack, _ connection: Connection) throws -> StackView {
        StackView(
            stack: stack,
            members: try stack.members(connection).map { ($0, try Resource.find($0.resource, in: stack.tenant, connection)) },
            run: try stack.run.flatMap { try StackRun.find($0, in: stack.tenant, connection) })
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", stack.id)
            json.field("name", stack.name)
            json.field("project_id", stack.project)
            json.field("mode", stack.tenant.mode.rawValue)
            json.field("status", status.rawValue)
            json.field("variables", stack.definition.shown["variables"])
            json.field("resources", stack.definition.shown["resources"])
            json.field("template", stack.definition.origin?.json ?? .null)
            json.array("members", members) { json, entry in
                json.object { json in
                    json.field("key", entry.member.key)
                    json.field("kind", entry.resource.kind.rawValue)
                    json.field("name", entry.resource.name)
                    json.field("resource_id", entry.resource.id)
                    json.field("phase", entry.resource.phase.rawValue)
                }
            }
            json.field("operation", run)
            json.field("version", stack.version)
            json.field("created_at", stack.createdAt)
            json.field("updated_at", stack.updatedAt)
        }
    }

    private static let member = Schema.object([
        .required("key", .string(1...63)), .required("kind", .choice(of: ResourceKind.self)), .required("name", .string(1...63)),
        .required("resource_id", .id("inst")), .required("phase", .choice(of: Resource.Phase.self)),
    ])
    static let schema = Schema.named(
        "Stack",
        .object(
            [
                .required("id", .id("stk")), .required("name", .string(1...63)), .required("project_id", .id("proj")),
                .required("mode", .choice(of: Mode.self)), .required("status", .choice(of: Status.self)),
            ] + StackDefinition.fields + [
                .required(
                    "template",
                    Schema.object([.required("id", .id("tpl")), .required("version", .integer(1...Int64.max))])
                        .orNull("What it was filled in from.")),
                .required("members", .array(member, 0...100_000, "What its members have become.")),
                .required("operation", OperationView.schema.orNull("The last apply or delete.")),
                .required("version", .integer(1...Int64.max, "Counts changes of the definition.")), .required("created_at", .timestamp()),
                .required("updated_at", .timestamp()),
            ]))
}

extension Schema {
    fileprivate func orNull(_ text: String) -> Schema { nullable.described(text) }
}
