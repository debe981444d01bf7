import Kernel
import Provider
import Web

/// What a stack is to have: its variables, and its members with references to variables and to one another.
struct StackDefinition: Sendable, Equatable {
    /// Names and values: text, numbers, true or false.
    let variables: JSON
    let members: [Member]
    /// The template that it was filled in from; nil for one that was written out.
    var origin: Origin?

    struct Origin: Sendable, Equatable {
        let template: TemplateID
        let version: Int

        var json: JSON { ["id": JSON(template), "version": JSON(version)] }
    }

    struct Member: Sendable, Equatable {
        let key: String
        let kind: ResourceKind
        let json: JSON

        /// Nil for `<stack>-<key>`.
        var name: String? { json["name"]?.string }
        var spec: JSON { json["spec"] ?? .object([]) }
        /// Nil when it says nothing of labels: then they are left alone.
        var labels: JSON? { json["labels"] }
        var isProtected: Bool? { json["deletion_protection"]?.bool }

        /// Keys of other members that it names, and variables.
        var references: [Template.Reference] {
            Template.references(in: .array([spec, labels ?? .null, json["provider"] ?? .null, json["location"] ?? .null]))
        }

        /// Members that must be there first.
        var needs: Set<String> {
            Set((json["depends_on"]?.array ?? []).compactMap(\.string) + references.filter { !$0.isVariable }.map(\.key))
        }

        func name(in stack: String) -> String { name ?? "\(stack)-\(key)" }
    }

    init(_ json: JSON) {
        variables = json["variables"] ?? .object([])
        members = (json["resources"]?.array ?? []).compactMap { entry in
            guard let key = entry["key"]?.string, let kind = entry["kind"]?.string.flatMap(ResourceKind.init) else { return nil }
            return Member(key: key, kind: kind, json: entry)
        }
        if let template = json["template"]?["id"]?.string, let version = json["template"]?["version"]?.integer {
            origin = Origin(template: TemplateID(template), version: Int(version))
        }
    }

    var json: JSON {
        let own: [JSON.Member] = [.init("variables", variables), .init("resources", .array(members.map(\.json)))]
        return .object(own + (origin.map { [.init("template", $0.json)] } ?? []))
    }

    subscript(key: String) -> Member? { members.first { $0.key == key } }

    /// With other values for some of its variables, and other members when there are any: then it is no template's any more.
    func changed(variables others: JSON?, members: JSON?) -> StackDefinition {
        let kept = (variables.members ?? []).filter { others?[$0.name] == nil }
        var changed = StackDefinition([
            "variables": .object(kept + (others?.members ?? [])), "resources": members ?? .array(self.members.map(\.json)),
        ])
        if members == nil { changed.origin = origin }
        return changed
    }

    /// As it is shown: values that may be secrets are not.
    var shown: JSON {
        let resources = members.map { member in
            JSON.object(
                (member.json.members ?? []).map { entry in
                    entry.name == "spec" ? .init("spec", Self.hidden(entry.value)) : entry
                })
        }
        return ["variables": variables, "resources": .array(resources)]
    }

    private static func hidden(_ spec: JSON) -> JSON {
        .object(
            (spec.members ?? []).map { member in
                switch member.name {
                case "user_data": .init(member.name, "(sealed)")
                case "env": .init(member.name, .object((member.value.members ?? []).map { .init($0.name, "(sealed)") }))
                default: member
                }
            })
    }
}

extension StackDefinition {
    private static let variable = Schema(.any, "Text, a number, true or false.")
    static let variablesSchema = Schema(.map(variable), "Values for `${var.NAME}`. They are shown: secrets belong into `env`.")
    static let membersSchema = Schema.array(
        .object([
            .required("key", .string(1...63, .resourceName, "Its name inside the stack.")),
            .required("kind", .choice(of: ResourceKind.self)),
            .optional("name", .string(1...63, .resourceName, "`<stack>-<key>` when left out.")),
            .optional("provider", .string(1...200, .name, "A connection, by id or name; the project's only one when left out.")),
            .optional("location", .string(1...200, .name)), .optional("labels", Schema(.map(.string(0...200, .echo)))),
            .optional("deletion_protection", .boolean()),
            .optional("depends_on", .array(.string(1...63, .resourceName), 0...64, "Keys of members that must be there first.")),
            .optional(
                "spec", Schema(.map(Schema(.any)), "As a create of the kind takes it; text may hold `${key.field}` and `${var.NAME}`.")),
        ]), 0...200)

    /// What stands in an answer.
    static let fields: [Schema.Field] = [
        .required("variables", variablesSchema),
        .required("resources", membersSchema.described("Values of `env` and `user_data` are not shown.")),
    ]

    /// Throws `validation_failed` for a key that stands twice or goes round in a circle, and `invalid_reference` for one that is not there.
    func check() throws {
        for (index, member) in members.enumerated() {
            let pointer = "resources/\(index)"
            guard member.key != "var" else { throw Problem.invalid(pointer + "/key", "`var` stands for the variables.", code: "reserved") }
            guard members.firstIndex(where: { $0.key == member.key }) == index else {
                throw Problem.invalid(pointer + "/key", "The key \(member.key) stands twice.", code: "repeated")
            }
            for reference in member.references {
                let isKnown =
                    reference.isVariable
                    ? variables[reference.field] != nil : self[reference.key]?.kind.canTell(reference.field) == true
                guard isKnown else { throw Self.unknown("${\(reference.text)}", at: pointer) }
            }
            for key in member.needs where self[key] == nil { throw Self.unknown(key, at: pointer) }
        }
        for entry in variables.members ?? [] where entry.value.array != nil || entry.value.members != nil || entry.value == .null {
            throw Problem.invalid(
                "variables", "The variable \(entry.name.prefix(60)) is no text, number, true or false.", code: "combination")
        }
        _ = try StackGraph(self)
    }

    private static func unknown(_ reference: String, at pointer: String) -> Problem {
        Problem(
            .invalidReference, "\(reference.prefix(100)) names no member, field or variable of this stack.",
            violations: [.init(pointer: "/" + pointer, code: "not_found", detail: "names \(reference.prefix(100)), which is not there")])
    }
}

extension ResourceKind {
    private static let told: Set<String> = [
        "id", "name", "kind", "project_id", "account_id", "environment", "mode", "labels", "provider", "location", "status", "address",
        "provider_ref",
    ]

    /// Whether a reference to one of its kind can lead there.
    fileprivate func canTell(_ field: String) -> Bool {
        let parts = field.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.first == "spec", parts.count > 1 else { return Self.told.contains(parts.first ?? "") }
        return Spec(self, .object([]))?.json[parts[1]] != nil
    }
}
