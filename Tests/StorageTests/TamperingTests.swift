import Crypto
import Kernel
import Storage
import Testing

/// What somebody with the database in hand may try on row 2 of 4, and the row that gives it away.
private struct Tampering: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let sequence: Int64
    let reason: String
    let act: @Sendable (Connection) throws -> Void

    init(_ name: String, found sequence: Int64, _ reason: String, act: @escaping @Sendable (Connection) throws -> Void) {
        testDescription = name
        self.sequence = sequence
        self.reason = reason
        self.act = act
    }

    static let all = [
        Tampering("a changed byte", found: 2, "does not have its hash") { connection in
            let row = try blob("canonical", connection)
            try set("canonical", to: row.replacing(Array("about b".utf8), with: Array("about x".utf8)), connection)
        },
        Tampering("a changed row with a hash of its own", found: 3, "does not follow") { connection in
            let row = try blob("canonical", connection).replacing(Array("about b".utf8), with: Array("about x".utf8))
            try set("canonical", to: row, connection)
            try set("hash", to: Array(SHA256.hash(data: row)), connection)
        },
        Tampering("a row that is no JSON", found: 2, "not JSON") { connection in try set("canonical", to: Array("{".utf8), connection) },
        Tampering("a removed row", found: 2, "missing") { connection in try connection.execute("DELETE FROM events WHERE sequence = ?", 2)
        },
        Tampering("a removed beginning", found: 1, "no beginning") { connection in
            try connection.execute("DELETE FROM events WHERE sequence < ?", 3)
        },
        Tampering("a removed end", found: 3, "before its recorded head") { connection in
            try connection.execute("DELETE FROM events WHERE sequence > ?", 2)
        },
        Tampering("everything removed", found: 1, "before its recorded head") { connection in try connection.execute("DELETE FROM events")
        },
        Tampering("a changed type", found: 2, "column") { connection in try set("type", to: "note.lost", connection) },
        Tampering("a changed subject", found: 2, "column") { connection in try set("subject", to: "z", connection) },
        Tampering("a changed actor", found: 2, "column") { connection in try set("actor", to: "usr_eve", connection) },
        Tampering("a removed request", found: 2, "column") { connection in try set("request", to: String?.none, connection) },
        Tampering("a changed time", found: 2, "column") { connection in try set("occurred_at", to: 5, connection) },
        Tampering("a changed id", found: 2, "column") { connection in try set("id", to: "evt_0", connection) },
        Tampering("a changed personal field", found: 2, "personal field email") { connection in
            let fields = try blob("personal", connection)
            try set("personal", to: fields.replacing(Array("b@example.com".utf8), with: Array("eve@example.com".utf8)), connection)
        },
    ]

    private static func blob(_ column: String, _ connection: Connection) throws -> [UInt8] {
        try #require(try connection.row("SELECT \(column) FROM events WHERE sequence = ?", 2) { try $0.get(0, as: [UInt8].self) })
    }

    private static func set(_ column: String, to value: some SQLConvertible, _ connection: Connection) throws {
        #expect(try connection.execute("UPDATE events SET \(column) = ? WHERE sequence = ?", value, 2) == 1)
    }
}

@Suite struct `Tampering with the event log` {
    @Test(arguments: Engine.available, Tampering.all)
    fileprivate func `is found and named by number`(engine: Engine, tampering: Tampering) async throws {
        try await engine.withStore { store in
            try await store.note("a", "b", "c", "d")
            #expect(try await store.finding() == nil)
            try await store.write { connection in try tampering.act(connection) }
            let finding = try #require(try await store.finding())
            #expect(finding.tenant == .live)
            #expect(finding.sequence == tampering.sequence)
            #expect(finding.reason.contains(tampering.reason))
        }
    }
}
