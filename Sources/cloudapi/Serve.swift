import Alerts
import ArgumentParser
import Costs
import Foundation
import Identity
import Kernel
import Logging
import Metering
import NIOCore
import NIOPosix
import Resources
import Server
import ServiceLifecycle
import Storage
import UnixSignals
import Webhooks

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the server; on an empty folder it initialises itself first.")

    @OptionGroup var options: ServeOptions
    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = "info"

    func run() async throws {
        // Requests then run on the event loops their connections belong to, without a change of thread on the way in and out:
        // a sixth less CPU a read (docs/benchmarks.md). Nothing here blocks for long: scrypt and commits have threads of their own.
        NIOSingletons.unsafeTryInstallSingletonPosixEventLoopGroupAsConcurrencyGlobalExecutor()
        let configuration = try await options.resolve()
        let lock = try DataLock(configuration)
        let opened = try await OpenedStore.open(configuration, migrates: true, creates: true)
        var logger = Logger(label: "cloudapi", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = Logger.Level(rawValue: logLevel) ?? .info
        let isNew = try await opened.isEmpty()
        let server = try buildServer(
            store: opened.store, vault: opened.vault, configuration: configuration, surroundings: opened.surroundings, logger: logger,
            onListening: { port in say("Listening on \(configuration.host):\(port)") })
        if isNew {
            let setup = Setup(workspace: "Default", email: "admin@example.com", password: nil, rateLimit: nil)
            do {
                let outcome = try await setup.run(server.parts, onlyIfEmpty: true)
                try await setup.complete(server.parts)
                say(Welcome.text(outcome, configuration))
            } catch is Setup.AlreadyDone {}  // by another server on this database
        }
        try await server.parts.counter.open()
        if opened.store.isShared {
            try await server.parts.engine.standBy()
        } else {
            try await server.parts.engine.open()
        }
        try await server.parts.importer.open()
        var group = ServiceGroupConfiguration(
            services: (server.services + [server.listener]).map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = .seconds(configuration.drainTimeout)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch is CancellationError {
            logger.warning("stopped before every request had ended")
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw Failure("The address \(configuration.host):\(configuration.port) is taken by another program; choose one with --listen.")
        }
        try await server.parts.counter.close()
        try opened.store.close()
        lock.release()
    }
}

/// Writes a line at once, also into a pipe.
private func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

/// Keeps two servers off one data folder.
struct DataLock {
    private let descriptor: CInt

    init(_ configuration: ServerConfiguration) throws {
        guard configuration.database == nil else {
            descriptor = -1
            return
        }
        // If it fails, opening the lock says so.
        try? FileManager.default.createDirectory(
            atPath: configuration.data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        descriptor = open(configuration.data + "/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("The folder \(configuration.data) cannot be written.") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw Failure("Another server runs on \(configuration.data).") }
    }

    func release() {
        if descriptor >= 0 { close(descriptor) }
    }
}

/// What a newcomer reads first.
enum Welcome {
    static func text(_ outcome: Setup.Outcome, _ configuration: ServerConfiguration) -> String {
        """

        CloudAPI is ready. This is shown once:

          Dashboard   \(configuration.baseURL)/app
          E-mail      \(outcome.email)
          Password    \(outcome.password)

        A first call:

          curl \(configuration.baseURL)/v1/projects -H 'Authorization: Bearer \(outcome.liveKey)'

        And in the sandbox:

          curl \(configuration.baseURL)/v1/ping -H 'Authorization: Bearer \(outcome.testKey)'

        """
    }
}
