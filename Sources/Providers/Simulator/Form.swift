import Kernel

/// Checks a JSON object member by member, and at the end whether there was one that nobody asked for.
struct Form {
    private let value: JSON
    private let pointer: String
    private var known: Set<String> = []
    private var violations: [Problem.Violation] = []

    init(_ value: JSON, at pointer: String) {
        self.value = value
        self.pointer = pointer
    }

    mutating func finish() -> [Problem.Violation] {
        guard let members = value.members else { return [.init(pointer: pointer, code: "type", detail: "must be an object")] }
        let unknown = members.filter { !known.contains($0.name) }.map { member in
            Problem.Violation(
                pointer: pointer + "/" + member.name.replacing("~", with: "~0").replacing("/", with: "~1"), code: "unknown_field",
                detail: "is not a setting of the simulator")
        }
        return violations + unknown
    }

    mutating func integer(_ name: String, _ range: ClosedRange<Int64>, isRequired: Bool = false) {
        guard let member = take(name, isRequired: isRequired) else { return }
        guard let number = member.integer, range.contains(number) else {
            return complain(place(name), "range", "must be an integer from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    mutating func choice(_ name: String, _ choices: [String], isRequired: Bool = false) {
        if let member = take(name, isRequired: isRequired) { choose(member, among: choices, at: place(name)) }
    }

    mutating func choose(_ value: JSON, among choices: [String], at pointer: String) {
        guard let text = value.string, choices.contains(text) else {
            return complain(pointer, "not_allowed", "must be one of \(choices.joined(separator: ", "))")
        }
    }

    mutating func object(_ name: String, _ body: (inout Form) -> Void) {
        if let member = take(name, isRequired: false) { object(member, at: place(name), body) }
    }

    mutating func object(_ value: JSON, at pointer: String, _ body: (inout Form) -> Void) {
        var form = Form(value, at: pointer)
        body(&form)
        violations += form.finish()
    }

    /// At most a hundred entries.
    mutating func array(_ name: String, _ element: (inout Form, _ pointer: String, JSON) -> Void) {
        guard let member = take(name, isRequired: false) else { return }
        guard let values = member.array, values.count <= 100 else {
            return complain(place(name), "type", "must be an array of at most 100 entries")
        }
        for (index, value) in values.enumerated() { element(&self, "\(place(name))/\(index)", value) }
    }

    private mutating func take(_ name: String, isRequired: Bool) -> JSON? {
        known.insert(name)
        let member = value[name]
        if member == nil, isRequired, value.members != nil { complain(place(name), "required", "is required") }
        return member
    }

    private func place(_ name: String) -> String { pointer + "/" + name }

    private mutating func complain(_ pointer: String, _ code: String, _ detail: String) {
        violations.append(.init(pointer: pointer, code: code, detail: detail))
    }
}
