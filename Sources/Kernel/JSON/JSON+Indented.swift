extension JSON {
    /// As a person reads it: one member a line; arrays of plain values stay on one.
    package var indented: String { indented("") }

    private func indented(_ indent: String) -> String {
        let inner = indent + "  "
        switch self {
        case .object(let members) where !members.isEmpty:
            return "{\n" + members.map { "\(inner)\(JSON.string($0.name).flat): \($0.value.indented(inner))" }.joined(separator: ",\n")
                + "\n\(indent)}"
        case .array(let values) where values.contains { $0.members != nil }:
            return "[\n" + values.map { inner + $0.indented(inner) }.joined(separator: ",\n") + "\n\(indent)]"
        default: return flat
        }
    }

    private var flat: String {
        var json = JSONWriter()
        write(to: &json)
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
