// Hummingbird's router on Hummingbird's server, without the step that its `Application` puts between them: that one makes each request a logger
// with an id of its own and hands it down through the task, and our pipeline has both already. Measured: docs/benchmarks.md.

import Glibc
import Hummingbird
import HummingbirdCore
import Kernel
import Logging
import ServiceLifecycle
import Synchronization
import Web

/// The application on its socket.
struct Listener: Service {
    let application: Application<RouterResponder<RequestScope>>
    let surroundings: Surroundings

    func run() async throws {
        let (responder, logger) = (application.responder, application.logger)
        let dates = DateField(surroundings)
        let configuration = application.configuration
        let server = try application.server.buildServer(
            configuration: .init(
                address: configuration.address, backlog: configuration.backlog,
                availableConnectionsDelegate: configuration.availableConnectionsDelegate),
            eventLoopGroup: application.eventLoopGroup, logger: logger,
            responder: { request, writer, channel in
                let scope = RequestScope(source: .init(channel: channel, logger: logger))
                var response = try await responder.respond(to: request, context: scope)
                response.headers[.date] = dates.now
                do {
                    try await writer.write(response: response.head, body: response.body)
                } catch {
                    // Closes the connection; of some errors an answer of its own would be made, behind this one that has begun.
                    throw CancellationError()
                }
            },
            onServerRunning: { await application.onServerRunning($0) })
        try await server.run()
    }
}

/// The `Date` of answers (RFC 9110, 6.6.1), written once a second.
private final class DateField: Sendable {
    private let surroundings: Surroundings
    private let written = Mutex<(second: Int64, text: String)>((.min, ""))

    init(_ surroundings: Surroundings) { self.surroundings = surroundings }

    var now: String {
        let second = surroundings.now().seconds
        return written.withLock { written in
            if written.second != second { written = (second, Self.text(second)) }
            return written.text
        }
    }

    /// IMF-fixdate (RFC 9110, 5.6.7). The program never sets a locale, so the names are C's, which are English.
    private static func text(_ second: Int64) -> String {
        var (second, parts) = (time_t(second), tm())
        gmtime_r(&second, &parts)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { room in
            strftime(room.baseAddress!, room.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)  // 29 characters and the end
            return String(cString: room.baseAddress!)
        }
    }
}
