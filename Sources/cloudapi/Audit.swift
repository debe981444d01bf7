import ArgumentParser
import Audit
import Foundation
import Kernel
import Server
import Storage

struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Prove the event log.", subcommands: [Verify.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Recompute every hash chain; names the first bad row of each and exits with 1 if there is one.")

        @OptionGroup var store: StoreOptions
        @Option(help: "workspace:mode:number:hash, written down earlier; the chain must still contain it. May be given several times.")
        var trustedHead: [String] = []
        @Option(
            help:
                "A file with a signed checkpoint (POST /v1/audit/checkpoints); the chain must still contain it. May be given several times."
        )
        var checkpoint: [String] = []
        @Option(
            help:
                "A compliance report as JSON (GET /v1/compliance/reports/{id}/content): its rows and its signature are checked, and nothing else; no database is needed."
        )
        var report: [String] = []
        @Option(help: "The public key that signed the checkpoints and reports, in base64, got from somewhere else than this server.")
        var publicKey: String?
        @Flag(help: "Print one JSON object.")
        var json = false

        func run() async throws {
            guard report.isEmpty else { return try verifyReports() }
            let trusted = try trustedHead.map(TrustedHead.parse) + checkpoint.map { try TrustedHead.read($0, signedBy: publicKey) }
            let opened = try await OpenedStore.open(store.resolve(), migrates: false)
            let found = try await AuditReport.make(opened.store, trusted: Dictionary(grouping: trusted, by: \.0).mapValues { $0.map(\.1) })
            print(json ? found.jsonText : found.text, terminator: json ? "\n" : "")
            if !found.findings.isEmpty { throw ExitCode(1) }
        }

        private func verifyReports() throws {
            guard trustedHead.isEmpty, checkpoint.isEmpty else { throw Failure("--report checks a file by itself; give it alone.") }
            let checks = report.map { ReportCheck(path: $0, signedBy: publicKey) }
            print(json ? ReportCheck.jsonText(checks) : checks.map(\.text).joined(), terminator: json ? "\n" : "")
            if checks.contains(where: { $0.finding != nil }) { throw ExitCode(1) }
        }
    }
}

private enum TrustedHead {
    static func parse(_ text: String) throws -> (Tenant, EventLog.Head) {
        let parts = text.split(separator: ":").map(String.init)
        guard parts.count == 4, let mode = Mode(rawValue: parts[1]), let sequence = Int64(parts[2]),
            let hash = EventLog.bytes(hexadecimal: parts[3])
        else {
            throw Failure("--trusted-head takes workspace:mode:number:hash, as cloudapi audit verify prints it.")
        }
        return (Tenant(workspace: WorkspaceID(parts[0]), mode: mode), EventLog.Head(sequence: sequence, hash: hash))
    }

    /// Without a key from elsewhere, the file's own is believed: it then proves no more than `--trusted-head` does.
    static func read(_ path: String, signedBy publicKey: String?) throws -> (Tenant, EventLog.Head) {
        guard let bytes = FileManager.default.contents(atPath: path), let json = try? JSONParser.parse(Array(bytes)),
            let checkpoint = Checkpoint(json)
        else { throw Failure("\(path) is not a checkpoint.") }
        guard checkpoint.isSigned else { throw Failure("The signature of \(path) does not fit what it says.") }
        if let publicKey, Data(base64Encoded: publicKey) != Data(checkpoint.publicKey) {
            throw Failure("\(path) was signed with another key than --public-key.")
        }
        return (checkpoint.tenant, checkpoint.head)
    }
}

/// What a verification of every chain found.
struct AuditReport: Sendable, JSONRepresentable {
    struct Chain: Sendable {
        let tenant: Tenant
        let rows: Int
        let head: EventLog.Head?
    }

    private(set) var chains: [Chain] = []
    private(set) var findings: [ChainVerifier.Finding] = []

    static func make(_ store: Store, trusted: [Tenant: [EventLog.Head]]) async throws -> AuditReport {
        var report = AuditReport()
        let known = try await store.read { try EventLog.tenants($0) }
        for tenant in known + trusted.keys.filter({ !known.contains($0) }) {
            do {
                let chain = try await store.verifyChain(of: tenant, trusted: trusted[tenant] ?? [])
                report.chains.append(Chain(tenant: tenant, rows: chain.rows, head: chain.head))
            } catch let finding as ChainVerifier.Finding {
                report.findings.append(finding)
            }
        }
        return report
    }

    var text: String {
        let good = chains.map { chain in
            "ok    \(chain.tenant.workspace) \(chain.tenant.mode.rawValue): \(chain.rows) rows, head \(chain.headText)\n"
        }
        let bad = findings.map { "BAD   \($0.tenant.workspace) \($0.tenant.mode.rawValue): row \($0.sequence): \($0.reason)\n" }
        return (good + bad).joined()
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("verified", findings.isEmpty)
            json.array("chains", chains) { json, chain in
                json.object { json in
                    json.field("workspace_id", chain.tenant.workspace)
                    json.field("mode", chain.tenant.mode.rawValue)
                    json.field("rows", chain.rows)
                    json.field("head", chain.headText)
                }
            }
            json.array("findings", findings) { json, finding in
                json.object { json in
                    json.field("workspace_id", finding.tenant.workspace)
                    json.field("mode", finding.tenant.mode.rawValue)
                    json.field("row", finding.sequence)
                    json.field("reason", finding.reason)
                }
            }
        }
    }
}

extension AuditReport.Chain {
    /// In the form that `--trusted-head` takes.
    var headText: String {
        guard let head else { return "-" }
        return "\(tenant.workspace):\(tenant.mode.rawValue):\(head.sequence):\(EventLog.hexadecimal(head.hash))"
    }
}

/// What the check of one report's file found.
private struct ReportCheck: JSONRepresentable {
    let path: String
    let file: ReportFile?
    let finding: String?

    init(path: String, signedBy publicKey: String?) {
        self.path = path
        do {
            guard let bytes = FileManager.default.contents(atPath: path) else {
                throw ReportFile.Finding(reason: "there is no such file")
            }
            let file = try ReportFile(checking: Array(bytes))
            if let publicKey, Data(base64Encoded: publicKey) != Data(file.publicKey) {
                throw ReportFile.Finding(reason: "it was signed with another key than --public-key")
            }
            self.file = file
            finding = nil
        } catch {
            file = nil
            finding = (error as? ReportFile.Finding)?.reason ?? "\(error)"
        }
    }

    /// In the form that `--trusted-head` takes.
    private func headText(_ head: EventLog.Head) -> String {
        guard let file else { return "-" }
        return "\(file.tenant.workspace):\(file.tenant.mode.rawValue):\(head.sequence):\(EventLog.hexadecimal(head.hash))"
    }

    var text: String {
        guard let file else { return "BAD   \(path): \(finding ?? "")\n" }
        let rows = file.sections.map { "\($0.name) \($0.rows)" }.joined(separator: ", ")
        return """
            ok    \(path): \(file.sections.count) sections (\(rows)), signed with \(AuditSigner.keyID(of: file.publicKey))
                  to prove it against a database: --trusted-head \(headText(file.to))

            """
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("path", path)
            json.field("verified", finding == nil)
            json.field("reason", finding)
            json.field("from", file.map { headText($0.from) })
            json.field("to", file.map { headText($0.to) })
            json.field("key_id", file.map { AuditSigner.keyID(of: $0.publicKey) })
        }
    }

    static func jsonText(_ checks: [ReportCheck]) -> String {
        var json = JSONWriter(capacity: 1024)
        json.object { json in
            json.field("verified", checks.allSatisfy { $0.finding == nil })
            json.array("reports", checks)
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
