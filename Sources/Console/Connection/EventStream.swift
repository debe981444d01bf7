import AsyncHTTPClient
import Kernel
import NIOCore

/// The event log as it grows, over Server-Sent Events. A connection that is lost is made again with the number of the last event seen.
struct EventStream: Sendable {
    let server: Remote
    let query: [(String, String?)]
    var after: Int64?

    /// Calls `take` with each event, parsed and as it came, until it answers false. Throws what cannot be mended by trying again: a credential
    /// that is no longer valid, a number that retention has removed.
    func follow(_ take: (JSON, String) async throws -> Bool) async throws {
        var last = after.map { String($0) }
        if last == nil { last = try await newest() }
        var pause = Self.shortestPause
        var wasOpen = false
        while true {
            do {
                // The stream itself takes no more than what it filters by.
                let response = try await server.open(
                    "/v1/events", query, headers: [("Accept", "text/event-stream"), ("Last-Event-ID", last ?? "0")])
                wasOpen = true
                var reader = ServerSentEvents()
                for try await part in response.body {
                    for message in reader.take(part.readableBytesView) {
                        last = message.id ?? last
                        pause = Self.shortestPause
                        guard let event = try? JSONParser.parse(Array(message.data.utf8)), event["seq"] != nil else { continue }
                        guard try await take(event, message.data) else { return }
                    }
                }
            } catch let failure as RemoteFailure where failure.status != .unavailable {
                throw failure
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                // A server that was never there is no lost connection.
                guard wasOpen else { throw error }
                Terminal.error("The stream was lost; trying again in \(pause) s.")
            }
            try await Task.sleep(for: .seconds(pause))
            pause = min(pause * 2, Self.longestPause)
        }
    }

    private static let shortestPause = 1
    private static let longestPause = 30

    /// So that nothing is missed between now and the first connection.
    private func newest() async throws -> String {
        let answer = try await server.get("/v1/events", [("limit", "1")])
        return answer.json["data"]?.array?.first?["seq"]?.integer.map { String($0) } ?? "0"
    }
}
