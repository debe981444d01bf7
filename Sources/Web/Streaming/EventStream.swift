import HTTPTypes
package import Kernel

/// Writes server-sent events (WHATWG HTML, 9.2.5).
package struct EventStream: Sendable {
    let writer: StreamWriter

    /// A comment, which clients pass over.
    static let heartbeat = Array(":\n\n".utf8)

    /// Sends a JSON object as one event. With an `id`, a client that comes again says it in `Last-Event-ID`.
    package func send(_ data: some JSONRepresentable, id: String? = nil, event: String? = nil) async throws {
        var json = JSONWriter(capacity: 512)
        data.write(to: &json)
        try await send(text: String(decoding: json.bytes, as: UTF8.self), id: id, event: event)
    }

    /// Sends text as one event, a `data` line for each of its own.
    package func send(text: String, id: String? = nil, event: String? = nil) async throws {
        try await writer.write(Self.bytes(of: text, id: id, event: event))
    }

    /// Sends what `bytes(of:id:event:)` made: what many listeners are sent is written once.
    package func send(written bytes: [UInt8]) async throws { try await writer.write(bytes) }

    /// Tells the client where it is, without an event: what it says in `Last-Event-ID` when it comes again.
    package func mark(id: String) async throws { try await writer.write(Array("id: \(id.onOneLine)\n\n".utf8)) }

    package static func bytes(of text: String, id: String?, event: String?) -> [UInt8] {
        var lines = ""
        if let event { lines += "event: \(event.onOneLine)\n" }
        if let id { lines += "id: \(id.onOneLine)\n" }
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isLineEnd) { lines += "data: \(line)\n" }
        return Array((lines + "\n").utf8)
    }
}

extension String {
    /// An id with a NUL would be passed over whole.
    fileprivate var onOneLine: String { String(filter { !$0.isLineEnd && $0 != "\0" }) }
}

extension Character {
    /// What ends a line in an event stream; CR LF is one character.
    fileprivate var isLineEnd: Bool { self == "\n" || self == "\r" || self == "\r\n" }
}

extension Call {
    /// Whether `Accept` names `text/event-stream`.
    package var wantsEvents: Bool { headers[.accept].map(Self.namesEvents) ?? false }

    /// Which event a client that comes again has seen last.
    package var lastEventID: String? { headers[.lastEventID] }

    package static func namesEvents(_ accept: String) -> Bool {
        accept.split(separator: ",").contains { range in
            let parts = range.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
            let refusal = ["q=0", "q=0.0", "q=0.00", "q=0.000"]
            return parts.first == "text/event-stream" && !parts.contains { refusal.contains($0) }
        }
    }
}

extension HTTPField.Name {
    static let lastEventID = Self("Last-Event-ID")!  // a valid name
}
