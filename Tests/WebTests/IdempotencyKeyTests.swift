import HTTPTypes
import Kernel
import Testing

@testable import Web

@Suite struct `The Idempotency-Key header` {
    @Test(arguments: [
        ("k1", "k1"), ("\"k1\"", "k1"), ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"), ("a b", "a b"),
        ("\"", "\""),
        ("\"a", "\"a"), ("\"a\"b\"", "a\"b"), (String(repeating: "x", count: 255), String(repeating: "x", count: 255)),
    ])
    func `is read bare and quoted`(header: String, key: String) throws {
        #expect(try IdempotencyKey.read([.idempotencyKey: header]) == key)
    }

    @Test(arguments: ["", String(repeating: "x", count: 256), "é", "a\tb"])
    func `has 1 to 255 visible characters`(header: String) throws {
        let problem = try #require(throws: Problem.self) { try IdempotencyKey.read([.idempotencyKey: header]) }
        #expect(problem.code == .invalidHeader)
    }

    @Test func `may be missing`() throws {
        #expect(try IdempotencyKey.read([:]) == nil)
    }
}
