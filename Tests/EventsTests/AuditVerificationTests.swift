import Kernel
import Server
import Storage
import TestKit
import Testing

@Suite struct `The verification of the log` {
    private static let path = "/v1/audit/verification"

    @Test func `says how much is as it was written, and stands in the log itself`() async throws {
        try await Installation.run { cloud in
            for name in ["a", "b", "c"] { try await cloud.note(name) }
            let tenant = cloud.tenant
            let known = try await cloud.store.read { connection in try EventLog.head(of: tenant, connection) }
            let head = try #require(known)
            let found = try await cloud.post(Self.path, as: cloud.home.liveKey).expecting(200)
            #expect(found["verified"] == true && found["first_break"] == .null && found["from_seq"] == 1)
            #expect(found["events"]?.integer == head.sequence && found["to_seq"]?.integer == head.sequence)
            #expect(found.text("head_hash") == EventLog.hexadecimal(head.hash))
            #expect(found.text("checked_at") == cloud.clock.now.description)
            let said = try await cloud.get("/v1/events?type=audit.verified", as: cloud.home.liveKey).items
            #expect(said.count == 1 && said[0]["data"]?["verified"] == true && said[0]["data"]?["to_seq"]?.integer == head.sequence)
        }
    }

    @Test func `names the first row that was changed, and why`() async throws {
        try await Installation.run { cloud in
            for name in ["a", "b", "c"] { try await cloud.note(name) }
            let workspace = cloud.home.workspace
            func change(_ subject: String) async throws {
                _ = try await cloud.store.write { connection in
                    try connection.execute(
                        "UPDATE events SET subject = \(subject) WHERE mode = 'live' AND workspace = ? AND sequence IN (3, 4)", workspace)
                }
            }
            try await change("'x' || subject")
            let found = try await cloud.post(Self.path, as: cloud.home.liveKey).expecting(200)
            #expect(found["verified"] == false && found["events"] == 2 && found["first_break"]?["seq"] == 3)
            #expect(found["first_break"]?["reason"]?.string?.contains("a column says something else") == true)
            let other = try await cloud.post(Self.path, as: cloud.home.testKey).expecting(200)
            #expect(other["verified"] == true, "the other side is another log")
            try await change("substr(subject, 2)")
        }
    }

    @Test func `is computed once under one key, and is for who sees the whole workspace`() async throws {
        try await Installation.run { cloud in
            let key = ["Idempotency-Key": "verify-1"]
            let first = try await cloud.post(Self.path, as: cloud.home.liveKey, headers: key).expecting(200)
            try await cloud.note("later")
            let again = try await cloud.post(Self.path, as: cloud.home.liveKey, headers: key).expecting(200)
            #expect(again.bytes == first.bytes && again.header("Idempotent-Replayed") == "true")
            #expect(try await cloud.post(Self.path, as: cloud.home.projectKey).code == "forbidden")
        }
    }
}
