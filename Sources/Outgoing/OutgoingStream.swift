import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// An answer that is read as it comes: a log, events, a long download.
package struct OutgoingStream: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: Body

    init(_ answer: HTTPClientResponse, through client: PinnedClient) {
        self.status = Int(answer.status.code)
        self.headers = answer.headers.map { ($0.name, $0.value) }
        self.body = Body(parts: answer.body, client: client)
    }

    /// The body's parts as they came, of any length, for one reader. Letting go of it, or cancelling the task that reads, closes the
    /// connection. Throws an `OutgoingError` when the connection breaks before the end.
    package struct Body: AsyncSequence, Sendable {
        package typealias Element = [UInt8]

        let parts: HTTPClientResponse.Body
        /// Held until the end, as a client that goes takes its connections along.
        let client: PinnedClient

        package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(parts: parts.makeAsyncIterator(), client: client) }

        package struct AsyncIterator: AsyncIteratorProtocol {
            var parts: HTTPClientResponse.Body.AsyncIterator
            let client: PinnedClient

            package mutating func next(isolation actor: isolated (any Actor)?) async throws(OutgoingError) -> [UInt8]? {
                do {
                    if let part = try await parts.next(isolation: actor) { return Array(part.readableBytesView) }
                } catch {
                    throw OutgoingError(error)
                }
                if Task.isCancelled { throw .cancelled }  // a cancelled body ends like a whole one
                return nil
            }
        }
    }
}
