import Kernel

/// Which member needs which.
struct StackGraph: Sendable {
    let needs: [String: Set<String>]
    /// Each after what it needs, else as they stand.
    private(set) var order: [String] = []

    /// Throws `validation_failed` naming the circle.
    init(_ definition: StackDefinition) throws {
        needs = Dictionary(definition.members.map { ($0.key, $0.needs) }) { one, _ in one }
        var done: Set<String> = []
        for member in definition.members { try visit(member.key, [], &done) }
    }

    private mutating func visit(_ key: String, _ path: [String], _ done: inout Set<String>) throws {
        guard !done.contains(key) else { return }
        if let start = path.firstIndex(of: key) {
            let circle = (path[start...] + [key]).joined(separator: " → ")
            throw Problem.invalid("resources", "Members need one another in a circle: \(circle).", code: "cycle")
        }
        for next in (needs[key] ?? []).sorted() { try visit(next, path + [key], &done) }
        done.insert(key)
        order.append(key)
    }

    /// Those that need any of these, directly or through others; not these themselves.
    static func dependents(of keys: Set<String>, in needs: [String: Set<String>]) -> Set<String> {
        var found = keys
        while true {
            let more = needs.filter { !found.contains($0.key) && !$0.value.isDisjoint(with: found) }.keys
            if more.isEmpty { return found.subtracting(keys) }
            found.formUnion(more)
        }
    }
}
