import Audit
import Foundation
import Kernel
import Server
import Storage
import TestKit
import Testing

@Suite struct `The audit log` {
    @Test func `says that it was read, once for each credential and minute`() async throws {
        try await Installation.run { cloud in
            func reads() async throws -> [JSON] { try await cloud.events("type=audit.read&limit=100&sort=seq") }
            for _ in 0..<3 { _ = try await cloud.get("/v1/audit?type=user.*&actor=x", as: cloud.home.liveKey).expecting(200) }
            _ = try await cloud.get("/v1/audit/export", as: cloud.home.liveKey).expecting(200)
            _ = try await cloud.get("/v1/audit", as: cloud.home.sessionToken).expecting(200)
            let first = try await reads()
            #expect(first.count == 2)
            #expect(first[0]["data"]?["filters"]?.array?.compactMap(\.string) == ["type", "actor"])
            cloud.clock.advance(seconds: 60)
            _ = try await cloud.get("/v1/audit", as: cloud.home.liveKey).expecting(200)
            #expect(try await reads().count == 3)
        }
    }

    @Test func `is exported whole, as lines of JSON and as CSV, without who was erased`() async throws {
        try await Installation.run { cloud in
            let person = try await cloud.makeMember("mel@home.example", of: cloud.home, role: nil)
            for number in 1...450 { try await cloud.note("n\(number)") }
            let lines = try await cloud.export("ndjson")
            let rows = lines.split(separator: "\n").compactMap { try? JSONParser.parse(Array($0.utf8)) }
            #expect(rows.map(\.seq) == Array(1...Int64(rows.count)) && rows.count > 450)
            for (one, next) in zip(rows, rows.dropFirst()) { #expect(next["prev_hash"] == one["hash"]) }
            #expect(lines.contains("mel@home.example"))
            let table = try await cloud.export("csv")
            #expect(table.hasPrefix("seq,id,type,subject,") && table.contains("mel@home.example"))
            #expect(table.split(separator: "\r\n").count == rows.count + 1)

            _ = try await cloud.delete("/v1/users/\(person.id)", as: cloud.home.sessionToken).expecting(204)
            for format in ["ndjson", "csv"] { #expect(try await cloud.export(format).contains("mel@home.example") == false) }
            #expect(try await cloud.finding() == nil)
        }
    }

    @Test func `is exported in the part that was asked for`() async throws {
        try await Installation.run { cloud in
            _ = try await cloud.makeProject("A")
            let reply = try await cloud.get("/v1/audit/export?type=project.created&format=ndjson", as: cloud.home.liveKey)
            #expect(reply.header("Content-Disposition")?.contains(".ndjson") == true)
            #expect(reply.text.split(separator: "\n").count == 2)
            #expect(try await cloud.get("/v1/audit/export?format=xml", as: cloud.home.liveKey).code == "invalid_parameter")
            let mine = try await cloud.get("/v1/audit/export", as: cloud.home.projectKey).text.split(separator: "\n")
            #expect(!mine.isEmpty && mine.allSatisfy { $0.contains("\"project_id\":\"\(cloud.home.project)\"") })
        }
    }
}

@Suite struct `A checkpoint` {
    @Test func `is signed over what it says, and by the key that is shown`() async throws {
        try await Installation.run { cloud in
            let reply = try await cloud.post("/v1/audit/checkpoints", as: cloud.home.liveKey).expecting(201)
            let kept = try #require(Checkpoint(reply.json))
            #expect(kept.isSigned)
            let key = try await cloud.get("/v1/audit/keys", as: cloud.home.liveKey).items.first
            #expect(key?["public_key"] == reply["public_key"] && key?["key_id"] == reply["key_id"])
            #expect(try await cloud.get("/v1/audit/checkpoints/\(kept.id)", as: cloud.home.liveKey).json == reply.json)
            #expect(try await cloud.get("/v1/audit/checkpoints", as: cloud.home.liveKey).items == [reply.json])
            for (name, value) in [("seq", JSON.integer(2)), ("created_at", "2026-03-10T12:34:57Z"), ("mode", "test"), ("id", "chk_1")] {
                let forged = JSON.object((reply.json.members ?? []).map { $0.name == name ? .init(name, value) : $0 })
                #expect(try #require(Checkpoint(forged)).isSigned == false, "\(name)")
            }
            for secret in [cloud.home.projectKey] {
                #expect(try await cloud.post("/v1/audit/checkpoints", as: secret).code == "forbidden")
            }
        }
    }

    /// What somebody with the database in hand does so that the chain verifies by itself again.
    @Test(arguments: ["cut", "rewritten", "emptied"])
    func `convicts a chain that was made to fit`(act: String) async throws {
        try await Installation.run { cloud in
            for name in ["a", "b", "c"] { try await cloud.note(name) }
            let kept = try #require(Checkpoint(try await cloud.post("/v1/audit/checkpoints", as: cloud.home.liveKey).json))
            #expect(try await cloud.finding(trusting: kept) == nil)
            let tenant = kept.tenant
            try await cloud.store.write { connection in
                let end = act == "emptied" ? 0 : kept.head.sequence - 1
                try connection.execute(
                    "DELETE FROM events WHERE workspace = ? AND mode = ? AND sequence > ?", tenant.workspace, tenant.mode, end)
                let hash = try EventLog.head(of: tenant, at: end, connection)?.hash ?? EventLog.noHash
                try connection.execute(
                    "UPDATE chains SET sequence = ?, hash = ? WHERE workspace = ? AND mode = ?", end, hash, tenant.workspace, tenant.mode)
            }
            if act == "rewritten" { for name in ["x", "y", "z"] { try await cloud.note(name) } }
            #expect(try await cloud.finding() == nil)
            #expect(try await cloud.finding(trusting: kept)?.sequence == kept.head.sequence)
        }
    }
}

@Suite struct `Retention` {
    @Test func `removes what is old, with an anchor that the chain verifies by`() async throws {
        try await Installation.run { cloud in
            for name in ["a", "b"] { try await cloud.note(name) }
            let old = try #require(Checkpoint(try await cloud.post("/v1/audit/checkpoints", as: cloud.home.liveKey).json))
            cloud.clock.advance(seconds: 31 * 86_400)
            try await AuditRetention.enforce(cloud.store, cloud.place.surroundings)
            #expect(try await cloud.events("after=0", as: cloud.home.liveKey).first?.seq == 1)

            _ = try await cloud.put("/v1/audit/retention", as: cloud.home.liveKey, ["days": 30]).expecting(200)
            #expect(try await cloud.get("/v1/audit/retention", as: cloud.home.liveKey)["days"]?.integer == 30)
            try await AuditRetention.enforce(cloud.store, cloud.place.surroundings)
            let rows = try await cloud.events("after=0", as: cloud.home.liveKey)
            #expect(rows.compactMap { $0["type"]?.string } == ["audit.retention_changed", "chain.anchored"])
            #expect(rows[1]["data"]?["last_seq"]?.integer == rows[0].seq - 1)
            #expect(try await cloud.finding() == nil)
            #expect(try await cloud.finding(trusting: old)?.reason.contains("older than the log") == true)
            #expect(try await cloud.get("/v1/events?after=1", as: cloud.home.liveKey).code == "cursor_expired")

            // Once more, when nothing but those two is old; and a key of yesterday's day still fits.
            let kept = try #require(Checkpoint(try await cloud.post("/v1/audit/checkpoints", as: cloud.home.liveKey).json))
            cloud.clock.advance(seconds: 31 * 86_400)
            try await cloud.note("c")
            try await AuditRetention.enforce(cloud.store, cloud.place.surroundings)
            try await AuditRetention.enforce(cloud.store, cloud.place.surroundings)
            #expect(try await cloud.events("after=0").compactMap { $0["type"]?.string } == ["note.made", "chain.anchored"])
            #expect(try await cloud.finding() == nil)
            #expect(try await cloud.finding(trusting: kept) != nil)
        }
    }

    @Test func `does not excuse a beginning that somebody else removed`() async throws {
        try await Installation.run { cloud in
            for name in ["a", "b", "c"] { try await cloud.note(name) }
            cloud.clock.advance(seconds: 2 * 86_400)
            _ = try await cloud.put("/v1/audit/retention", as: cloud.home.liveKey, ["days": 1]).expecting(200)
            for name in ["d", "e"] { try await cloud.note(name) }
            try await AuditRetention.enforce(cloud.store, cloud.place.surroundings)
            #expect(try await cloud.finding() == nil)
            let first = try #require(try await cloud.events("after=0").first).seq
            _ = try await cloud.store.write { connection in
                try connection.execute(
                    "DELETE FROM events WHERE workspace = ? AND mode = 'live' AND sequence = ?", cloud.home.workspace, first)
            }
            #expect(try await cloud.finding()?.reason.contains("no beginning") == true)
        }
    }

    @Test func `is an admin's to set`() async throws {
        try await Installation.run { cloud in
            #expect(try await cloud.put("/v1/audit/retention", as: cloud.home.projectKey, ["days": 1]).code == "forbidden")
            for bad in [["days": 0], ["days": "x"], [:]] as [JSON] {
                #expect(try await cloud.put("/v1/audit/retention", as: cloud.home.liveKey, bad).status == 422)
            }
            _ = try await cloud.put("/v1/audit/retention", as: cloud.home.liveKey, ["days": nil]).expecting(200)
        }
    }
}

extension Installation {
    var tenant: Tenant { Tenant(workspace: home.workspace, mode: .live) }

    func note(_ subject: String) async throws {
        let by = Attribution(
            tenant: tenant, actor: .system("test"), address: nil, request: nil, surroundings: place.surroundings)
        try await store.write { $0.append(EventDraft("note.made", subject: subject), by: by) }
    }

    func export(_ format: String) async throws -> String {
        try await get("/v1/audit/export?format=\(format)", as: home.liveKey).expecting(200).text
    }

    /// What is wrong with the live chain; nil when nothing is.
    func finding(trusting checkpoint: Checkpoint? = nil) async throws -> ChainVerifier.Finding? {
        do {
            _ = try await store.scan { [tenant] in try ChainVerifier.verify(tenant, trustedHead: checkpoint?.head, $0) }
            return nil
        } catch let finding as ChainVerifier.Finding {
            return finding
        }
    }
}
