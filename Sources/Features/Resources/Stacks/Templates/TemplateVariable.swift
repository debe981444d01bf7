import Kernel
import Web

/// What a template leaves open. One without a default has to be given.
struct TemplateVariable: Sendable, Equatable {
    let name: String
    let type: Kind
    let description: String
    let fallback: JSON?
    /// Nil when any value of the type will do.
    let allowed: [JSON]?

    enum Kind: String, Sendable, CaseIterable {
        case string, integer, number, boolean

        func has(_ value: JSON) -> Bool {
            switch (self, value) {
            case (.string, .string), (.integer, .integer), (.number, .integer), (.number, .double), (.boolean, .bool): true
            default: false
            }
        }
    }

    init(_ json: JSON) {
        name = json["name"]?.string ?? ""
        type = json["type"]?.string.flatMap(Kind.init) ?? .string
        description = json["description"]?.string ?? ""
        fallback = json["default"] == .null ? nil : json["default"]
        allowed = json["allowed"]?.array
    }

    /// As it is kept.
    var json: JSON {
        [
            "name": .string(name), "type": .string(type.rawValue), "description": .string(description), "default": fallback ?? .null,
            "allowed": allowed.map(JSON.array) ?? .null,
        ]
    }

    /// As it is answered.
    var shown: JSON { .object((json.members ?? []) + [.init("required", .bool(fallback == nil))]) }

    /// What keeps a value from being taken; nil for one that is as it should be.
    func complaint(about value: JSON?) -> (code: String, detail: String)? {
        guard let value else { return ("required", "has no default and must be given") }
        guard type.has(value) else { return ("type", "must be of type \(type.rawValue)") }
        guard let allowed, !allowed.contains(value) else { return nil }
        return ("not_allowed", "must be one of those that the template allows")
    }

    /// Throws `validation_failed` for a name that `${var.NAME}` could not have, and for a default or an allowed value that does not go with the
    /// rest.
    func check(at pointer: String) throws {
        guard LabelSelector.isName(name) else {
            throw Problem.invalid(
                pointer + "/name", "\"\(name.prefix(63))\" is no name for a variable: 1 to 63 letters, digits and -_./", code: "name")
        }
        for value in allowed ?? [] where !type.has(value) {
            throw Problem.invalid(pointer + "/allowed", "A value that \(name) allows is not of type \(type.rawValue).", code: "combination")
        }
        guard let fallback, let complaint = complaint(about: fallback) else { return }
        throw Problem.invalid(pointer + "/default", "The default of \(name) \(complaint.detail).", code: "combination")
    }

    private static let value = Schema(.any, "Of the variable's type.")
    private static let fields: [Schema.Field] = [
        .required("name", .string(1...63, .name, "As it stands in `${var.NAME}`.").example("size")),
        .required("type", .choice(of: Kind.self)), .optional("description", .string(0...500, .echo)),
        .optional("default", Schema(.any, "Taken when nothing is given; without one the variable must be given.")),
        .optional("allowed", Schema.array(value, 1...100, "Nothing else is taken.").nullable),
    ]
    static let draftSchema = Schema.object(fields)
    static let schema = Schema.object(fields + [.required("required", .boolean("Whether it must be given."))])
}
