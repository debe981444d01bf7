import ArgumentParser
import Foundation
import Kernel
import Server
import Storage

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Check a set-up and say what is wrong and how to mend it.")

    @OptionGroup var options: ServeOptions

    func run() async throws {
        var isWell = true
        func check(_ name: String, _ work: () async throws -> String) async {
            do {
                print("ok    \(name): \(try await work())")
            } catch {
                isWell = false
                print("BAD   \(name): \(error)")
            }
        }
        let configuration: ServerConfiguration
        do {
            configuration = try await options.resolve()
            print("ok    configuration: listens on \(configuration.host):\(configuration.port)")
        } catch {
            print("BAD   configuration: \(error)")
            throw ExitCode(1)
        }
        var opened: OpenedStore?
        await check("database") {
            opened = try await OpenedStore.open(configuration, migrates: false)
            return configuration.database == nil ? configuration.databasePath : "PostgreSQL"
        }
        if let opened {
            await check("workspaces") {
                guard try await !opened.isEmpty() else { throw Failure("There is none yet. Run cloudapi init.") }
                return "there is at least one"
            }
            await check("event log") {
                let report = try await AuditReport.make(opened.store, trusted: [:])
                guard report.findings.isEmpty else { throw Failure("It does not verify:\n" + report.text) }
                return "\(report.chains.reduce(0) { $0 + $1.rows }) rows verified"
            }
        }
        await check("disk") {
            guard FileManager.default.fileExists(atPath: configuration.data) else {
                throw Failure("There is no folder \(configuration.data). Run cloudapi init, or name another with --data.")
            }
            let attributes = try FileManager.default.attributesOfFileSystem(forPath: configuration.data)
            let free = (attributes[.systemFreeSize] as? NSNumber)?.int64Value ?? 0
            guard free > 256 << 20 else { throw Failure("Only \(free >> 20) MiB are free; writes stop when it is full.") }
            return "\(free >> 20) MiB free"
        }
        if let certificate = configuration.tlsCertificate {
            await check("TLS") {
                guard FileManager.default.isReadableFile(atPath: certificate) else { throw Failure("\(certificate) cannot be read.") }
                return certificate
            }
        }
        if !isWell { throw ExitCode(1) }
    }
}
