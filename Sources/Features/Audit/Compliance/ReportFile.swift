import Crypto
import Foundation
package import Kernel
package import Storage

/// The JSON form of a report, as somebody has kept it: checked with nothing but itself.
package struct ReportFile: Sendable {
    package let tenant: Tenant
    package let from: EventLog.Head
    package let to: EventLog.Head
    package let publicKey: [UInt8]
    /// Of each section its name and how many rows it has.
    package let sections: [(name: String, rows: Int)]

    package struct Finding: Error, Sendable, Equatable {
        package let reason: String

        package init(reason: String) { self.reason = reason }
    }

    /// Checks every section's rows against the manifest, and the manifest against its signature. Throws the first `Finding`. Whose key it was
    /// signed with, the caller must know.
    package init(checking file: [UInt8]) throws {
        guard let json = try? JSONParser.parse(file), let manifest = json["manifest"],
            manifest["format"]?.string == ComplianceReport.statementFormat, let chain = ReportChain(manifest["chain"]),
            let workspace = manifest["workspace_id"]?.string, let mode = manifest["mode"]?.string.flatMap(Mode.init),
            let signature = json["signature"]?.string.flatMap({ Data(base64Encoded: $0) }),
            let key = json["public_key"]?.string.flatMap({ Data(base64Encoded: $0) })
        else { throw Finding(reason: "it is not a report (GET /v1/compliance/reports/{id}/content?format=json)") }
        guard AuditSigner.verify(Array(signature), of: manifest.canonicalBytes, by: Array(key)) else {
            throw Finding(reason: "the signature does not fit the manifest")
        }
        var found: [(name: String, rows: Int)] = []
        let held = json["sections"]?.array ?? []
        for said in manifest["sections"]?.array ?? [] {
            let name = said["name"]?.string ?? ""
            guard let rows = held.first(where: { $0["name"] == said["name"] })?["rows"]?.array else {
                throw Finding(reason: "the section \(name) is missing")
            }
            var hash = SHA256()
            for row in rows {
                hash.update(data: row.canonicalBytes)
                hash.update(data: ReportTally.lineFeed)
            }
            let digest = EventLog.hexadecimal(Array(hash.finalize()))
            guard said["rows"]?.integer == Int64(rows.count), said["sha256"]?.string == digest else {
                throw Finding(reason: "the rows of the section \(name) are not those that were signed")
            }
            found.append((name, rows.count))
        }
        guard held.count == found.count else { throw Finding(reason: "there is a section that was not signed") }
        tenant = Tenant(workspace: WorkspaceID(workspace), mode: mode)
        from = chain.from
        to = chain.to
        publicKey = Array(key)
        sections = found
    }
}
