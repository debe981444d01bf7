import Kernel
import Outgoing
import Provider

extension DockerProvider {
    /// `GET /events`: a line of JSON for each thing that happens at the daemon, for as long as it runs.
    func hints() async throws(ProviderError) -> AsyncThrowingStream<Hint, any Error>? {
        let filter: JSON = ["type": ["container", "network", "volume"]]
        let stream = try await api.stream(
            .get("events", query: [("filters", String(decoding: filter.canonicalBytes, as: UTF8.self))]))
        let reader = HintReader(stream, marks: marks)
        return AsyncThrowingStream { try await reader.next() }
    }
}

/// Reads events as they come.
actor HintReader {
    /// Taken out while a part is awaited.
    private var parts: OutgoingStream.Body.AsyncIterator?
    private var buffer: [UInt8] = []
    private var ready: ArraySlice<Hint> = []
    private let marks: Marks

    /// No event is longer; a line that is, is none.
    private static let longest = 1 << 20

    init(_ stream: OutgoingStream, marks: Marks) {
        parts = stream.body.makeAsyncIterator()
        self.marks = marks
    }

    func next() async throws -> Hint? {
        while true {
            if let hint = ready.popFirst() { return hint }
            guard let part = try await readPart() else { return nil }
            take(part)
        }
    }

    private func take(_ part: [UInt8]) {
        buffer += part
        while let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
            if let hint = Hint(dockerEvent: buffer[..<end], marks) { ready.append(hint) }
            buffer.removeSubrange(...end)
        }
        // podman 4.3 ends a line only when the next one begins: a whole object is an event as well.
        if let hint = Hint(dockerEvent: buffer[...], marks) {
            ready.append(hint)
            buffer = []
        }
        if buffer.count > Self.longest { buffer = [] }
    }

    private func readPart() async throws -> [UInt8]? {
        guard var iterator = parts else { return nil }
        do {
            let part = try await iterator.next(isolation: self)
            parts = iterator
            return part
        } catch {
            parts = nil
            throw ProviderError(error)
        }
    }
}

extension Hint {
    /// What a container's event says of it beside its beginning and its end.
    private static let ofContainers: Set<String> = [
        "start", "die", "died", "stop", "kill", "destroy", "remove", "update", "pause", "unpause", "restart", "rename", "oom",
    ]

    /// Nil for what is not ours, says nothing of its state, or is no event.
    init?(dockerEvent bytes: some Collection<UInt8>, _ marks: Marks) {
        guard !bytes.isEmpty, let event = try? JSONParser.parse(Array(bytes)), let attributes = event["Actor"]?["Attributes"],
            let action = event["Action"]?.string
        else { return nil }
        switch (event["Type"]?.string, action) {
        case ("container", _):
            guard Self.ofContainers.contains(action), case .ours(let id) = marks.owner(attributes) else { return nil }
            self = .resource(.instance, id: id)
        case ("network", "connect"), ("network", "disconnect"):
            guard let name = attributes["name"]?.string, Subject.id(named: name, kind: .network) != nil,
                let container = attributes["container"]?.string
            else { return nil }
            self = .object(.instance, reference: container)
        case ("network", "destroy"), ("network", "remove"):
            guard let id = attributes["name"]?.string.flatMap({ Subject.id(named: $0, kind: .network) }) else { return nil }
            self = .resource(.network, id: id)
        case ("volume", "destroy"), ("volume", "remove"):
            guard let id = event["Actor"]?["ID"]?.string.flatMap({ Subject.id(named: $0, kind: .volume) }) else { return nil }
            self = .resource(.volume, id: id)
        default: return nil
        }
    }
}
