// One stream while it is open. Three run beside each other: the body, which makes the bytes; the beat, which keeps the connection alive and
// asks whether the credential still holds; and the pump, which alone writes to the connection. Whatever ends first closes the pipe
// between them; the pump then runs dry and the other two are cancelled, so that nothing outlives the stream.
//
// The credential is asked for before every chunk too: a revoked key sees nothing that happened after it was revoked.

import Hummingbird
import Kernel
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

struct StreamSession: Sendable {
    let streaming: Streaming
    /// Held for as long as the session is.
    let place: OpenStreams.Place
    let channel: any Channel
    let surroundings: Surroundings
    let limits: Pipeline.Limits
    let logger: Logger
    let problemWriter: ProblemWriter
    /// Throws when the credential that opened the stream is no longer what it was.
    let authorize: @Sendable () async throws -> Void

    typealias Chunk = StreamWriter.Chunk

    func run(_ writer: inout any ResponseBodyWriter) async throws {
        let progress = Progress()
        let (chunks, pipe) = AsyncStream.makeStream(of: Chunk.self)
        let hangUp = HangUpWatch {
            progress.end(.gone)
            pipe.finish()
        }
        channel.triggerUserOutboundEvent(hangUp, promise: nil)
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await produce(into: pipe, progress) }
                group.addTask { await beat(into: pipe, progress) }
                await pump(chunks, pipe, to: &writer, progress)
                group.cancelAll()
            }
        } onGracefulShutdown: {
            pipe.finish()
        }
        switch progress.ending {
        case .gone: throw CancellationError()  // closes the connection
        case .problem(let problem):
            guard let complaint = streaming.complaint else { throw CancellationError() }
            try await writer.write(ByteBuffer(bytes: complaint(problemWriter.answer(problem))))
        case nil: break
        }
        try await writer.finish(nil)
    }

    private func produce(into pipe: AsyncStream<Chunk>.Continuation, _ progress: Progress) async {
        do {
            try await streaming.body(StreamWriter(pipe: pipe))
        } catch is CancellationError {
            if !Task.isCancelled { progress.end(.problem(Problem(from: CancellationError()))) }
        } catch {
            let problem = Problem(from: error)
            if problem.code.status >= 500 { logger.error("stream failed", metadata: ["error": "\(problem.cause ?? problem)"]) }
            progress.end(.problem(problem))
        }
        pipe.finish()
    }

    private func beat(into pipe: AsyncStream<Chunk>.Continuation, _ progress: Progress) async {
        defer { pipe.finish() }
        while (try? await surroundings.sleep(limits.heartbeat)) != nil {
            if let since = progress.writingSince {
                let waited = Duration.milliseconds(surroundings.now().milliseconds - since.milliseconds)
                guard waited >= limits.streamStall else { continue }
                progress.end(.gone)
                channel.close(promise: nil)
                return
            }
            do {
                try await authorize()
            } catch {
                return progress.end(.problem(Problem(from: error)))
            }
            if let heartbeat = streaming.heartbeat { pipe.yield(Chunk(bytes: heartbeat, taken: nil)) }
        }
    }

    /// Ends when the pipe is closed and empty.
    private func pump(
        _ chunks: AsyncStream<Chunk>, _ pipe: AsyncStream<Chunk>.Continuation, to writer: inout any ResponseBodyWriter, _ progress: Progress
    ) async {
        for await chunk in chunks {
            do {
                guard progress.ending == nil else { throw CancellationError() }
                try await authorize(progress)
                progress.writingSince = surroundings.now()
                try await writer.write(ByteBuffer(bytes: chunk.bytes))
                progress.writingSince = nil  // before its writer goes on: a beat that comes then must not take this for a stalled write
                chunk.taken?.resume()
            } catch {
                progress.end(.gone)
                pipe.finish()
                chunk.taken?.resume(throwing: CancellationError())
            }
        }
    }

    private func authorize(_ progress: Progress) async throws {
        do {
            try await authorize()
        } catch {
            progress.end(.problem(Problem(from: error)))
            throw error
        }
    }
}

/// How far a stream is.
private final class Progress: Sendable {
    enum Ending: Sendable {
        case gone
        case problem(Problem)
    }

    private let state = Mutex<(ending: Ending?, writingSince: Timestamp?)>((nil, nil))

    var ending: Ending? { state.withLock { $0.ending } }

    /// When the write that is waited for began; nil while nothing is written.
    var writingSince: Timestamp? {
        get { state.withLock { $0.writingSince } }
        set { state.withLock { $0.writingSince = newValue } }
    }

    /// The first reason stands.
    func end(_ reason: Ending) { state.withLock { $0.ending = $0.ending ?? reason } }
}
