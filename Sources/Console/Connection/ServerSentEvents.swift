/// Reads the form in which a server sends events (WHATWG HTML, "Server-sent events"): of it, `id` and `data`.
package struct ServerSentEvents: Sendable {
    package struct Message: Sendable, Equatable {
        package let id: String?
        package let data: String

        package init(id: String?, data: String) {
            self.id = id
            self.data = data
        }
    }

    private var line: [UInt8] = []
    private var id: String?
    private var data: [String] = []

    package init() {}

    /// The messages that are whole with these bytes.
    package mutating func take(_ bytes: some Sequence<UInt8>) -> [Message] {
        var messages: [Message] = []
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                continue
            }
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if let message = take(line: String(decoding: line, as: UTF8.self)) { messages.append(message) }
            line.removeAll(keepingCapacity: true)
        }
        return messages
    }

    private mutating func take(line: String) -> Message? {
        guard !line.isEmpty else {
            defer { data = [] }
            return data.isEmpty ? nil : Message(id: id, data: data.joined(separator: "\n"))
        }
        guard let colon = line.firstIndex(of: ":") else { return nil }
        var value = line[line.index(after: colon)...]
        if value.first == " " { value.removeFirst() }
        switch line[..<colon] {
        case "id": id = String(value)
        case "data": data.append(String(value))
        default: break
        }
        return nil
    }
}
