// A template is a stack's description with its variables left open: what is the same in every project stands in it once, and a plan fills in
// the rest. A stack that was made from one does not hang on it: it keeps what the template said when the plan was made, and says which version
// that was. A new version reaches it by another plan, which is looked at like any other.

package import Kernel
import Provider
import Storage
import Web

package enum TemplateKind: IDKind { package static let prefix = "tpl" }
package typealias TemplateID = ID<TemplateKind>

struct StackTemplate: Sendable, Equatable {
    let id: TemplateID
    let tenant: Tenant
    /// Nil for one of the whole workspace, which all its projects see.
    let project: ProjectID?
    var name: String
    var description: String
    var variables: [TemplateVariable]
    /// Members as a stack has them.
    var resources: JSON
    /// Counts changes.
    var version: Int
    let createdAt: Timestamp
    var updatedAt: Timestamp

    var etag: ETag { ETag(version: version) }

    /// As it is kept, sealed: values of `env` and `user_data` may be secrets.
    var content: JSON { ["variables": .array(variables.map(\.json)), "resources": resources] }

    var snapshot: JSON {
        [
            "name": .string(name), "description": .string(description), "project_id": JSON(project),
            "variables": .array(variables.map { .string($0.name) }),
            "keys": .array((resources.array ?? []).compactMap { $0["key"] }), "version": JSON(version),
        ]
    }

    /// Throws what `StackDefinition.check` throws, and `validation_failed` for a variable that stands twice or contradicts itself.
    func check() throws {
        for (index, variable) in variables.enumerated() {
            guard variables.firstIndex(where: { $0.name == variable.name }) == index else {
                throw Problem.invalid("variables/\(index)/name", "The variable \(variable.name) stands twice.", code: "repeated")
            }
            try variable.check(at: "variables/\(index)")
        }
        try StackDefinition([
            "variables": .object(variables.map { .init($0.name, $0.fallback ?? .string("")) }), "resources": resources,
        ]).check()
    }

    /// What a stack is to be, by what is given, else by what it has already, else by the defaults. Throws `validation_failed` naming each
    /// variable that is unknown, missing, or not of its type.
    func definition(filledWith given: JSON, over present: StackDefinition?) throws -> StackDefinition {
        let unknown = (given.members ?? []).filter { member in !variables.contains { $0.name == member.name } }.map { member in
            Problem.Violation(
                pointer: "/variables/\(member.name)", code: "unknown_variable", detail: "is no variable of the template \(name)")
        }
        var values: [JSON.Member] = []
        var wrong = unknown
        for variable in variables {
            let value = given[variable.name] ?? present?.variables[variable.name] ?? variable.fallback
            if let complaint = variable.complaint(about: value) {
                wrong.append(.init(pointer: "/variables/\(variable.name)", code: complaint.code, detail: complaint.detail))
            } else if let value {
                values.append(.init(variable.name, value))
            }
        }
        if let first = wrong.first { throw Problem(.validationFailed, at: wrong, first: first) }
        var definition = StackDefinition(["variables": .object(values), "resources": resources])
        definition.origin = .init(template: id, version: version)
        return definition
    }
}

extension StackTemplate: JSONRepresentable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("name", name)
            json.field("description", description)
            json.field("project_id", project)
            json.field("mode", tenant.mode.rawValue)
            json.array("variables", variables) { json, variable in variable.shown.write(to: &json) }
            json.field("resources", StackDefinition(["resources": resources]).shown["resources"])
            json.field("version", version)
            json.field("created_at", createdAt)
            json.field("updated_at", updatedAt)
        }
    }

    static let nameSchema = ResourceDraft.nameSchema.described("Lower-case letters, digits and dashes; unique where it belongs to.")
    static let schema = Schema.named(
        "Template",
        .object([
            .required("id", .id("tpl")), .required("name", .string(1...63)), .required("description", .string(0...2000, .echo)),
            .required("project_id", Schema.id("proj", "Whose it is; null for all projects of the workspace.").nullable),
            .required("mode", .choice(of: Mode.self)), .required("variables", .array(TemplateVariable.schema, 0...100)),
            .required("resources", StackDefinition.membersSchema.described("Values of `env` and `user_data` are not shown.")),
            .required("version", .integer(1...Int64.max, "Counts changes.")), .required("created_at", .timestamp()),
            .required("updated_at", .timestamp()),
        ]))
}
