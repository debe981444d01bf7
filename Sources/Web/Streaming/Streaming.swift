package import HTTPTypes
import Kernel

/// The body of an answer that is written while it is sent.
package struct Streaming: Sendable {
    /// What is written when nothing else was for a while, so that proxies keep the connection open; nil where nothing can be put in between.
    let heartbeat: [UInt8]?
    /// How a problem is told once the status is out; nil means the connection is cut, so that nobody takes a part for the whole.
    let complaint: (@Sendable (Answer) -> [UInt8])?
    let body: @Sendable (StreamWriter) async throws -> Void
}

extension Answer {
    /// An answer of unknown length. `body` runs while it is sent and is cancelled when the client goes, the credential ends or the server
    /// stops; each `write` returns when the connection has taken the bytes.
    package static func stream(
        contentType: String, headers: HTTPFields = [:], _ body: @escaping @Sendable (StreamWriter) async throws -> Void
    ) -> Answer {
        var answer = Answer(status: .ok, headers: headers, body: [])
        answer.headers[.contentType] = contentType
        answer.headers[.cacheControl] = "no-store"
        answer.streaming = Streaming(heartbeat: nil, complaint: nil, body: body)
        return answer
    }

    /// Server-sent events (WHATWG HTML, 9.2). It ends when `body` returns; a problem it throws becomes a last event named `error`.
    package static func events(_ body: @escaping @Sendable (EventStream) async throws -> Void) -> Answer {
        var answer = Answer.stream(contentType: "text/event-stream") { _ in }
        answer.headers[.accelBuffering] = "no"
        answer.streaming = Streaming(
            heartbeat: EventStream.heartbeat,
            complaint: { EventStream.bytes(of: String(decoding: $0.body, as: UTF8.self), id: nil, event: "error") },
            body: { writer in try await body(EventStream(writer: writer)) })
        return answer
    }
}

/// Where the body of a stream is written to. One writer may be used by several tasks: what one `write` is given stays together.
package struct StreamWriter: Sendable {
    /// Bytes on their way to the connection, and who waits for them to be taken.
    struct Chunk: Sendable {
        let bytes: [UInt8]
        let taken: CheckedContinuation<Void, any Error>?
    }

    let pipe: AsyncStream<Chunk>.Continuation

    /// Returns when the connection has taken the bytes. Throws `CancellationError` when the stream is over.
    package func write(_ bytes: [UInt8]) async throws {
        try Task.checkCancellation()
        try await withCheckedThrowingContinuation { taken in
            guard case .enqueued = pipe.yield(Chunk(bytes: bytes, taken: taken)) else {
                return taken.resume(throwing: CancellationError())
            }
        }
    }
}

extension HTTPField.Name {
    /// Tells nginx not to gather what it is sent.
    static let accelBuffering = Self("X-Accel-Buffering")!  // a valid name
}
