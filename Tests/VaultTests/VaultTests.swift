import Crypto
import Foundation
import Kernel
import TestKit
import Testing
import Vault

@Suite struct `The vault` {
    private static let secret = Array("whsec_a secret".utf8)

    @Test func `gives back what it sealed, and seals it differently each time`() throws {
        let vault = Vault(key: SymmetricKey(size: .bits256))
        let sealed = try vault.seal(Self.secret, context: "webhook whk_1")
        #expect(try vault.open(sealed, context: "webhook whk_1") == Self.secret)
        #expect(try vault.seal(Self.secret, context: "webhook whk_1") != sealed)
        #expect(!sealed.contains("a secret"))
    }

    @Test func `opens nothing in another place, under another key, or changed`() throws {
        let vault = Vault(key: SymmetricKey(size: .bits256))
        let sealed = try vault.seal(Self.secret, context: "webhook whk_1")
        #expect(throws: Vault.Failure.cannotOpen) { try vault.open(sealed, context: "webhook whk_2") }
        #expect(throws: Vault.Failure.cannotOpen) { try Vault(key: SymmetricKey(size: .bits256)).open(sealed, context: "webhook whk_1") }
        for place in sealed.indices {
            var changed = sealed
            changed[place] ^= 1
            #expect(throws: Vault.Failure.cannotOpen) { try vault.open(changed, context: "webhook whk_1") }
        }
        for count in [0, 1, 12, 27] {
            #expect(throws: Vault.Failure.cannotOpen) { try vault.open(Array(sealed.prefix(count)), context: "webhook whk_1") }
        }
    }

    @Test func `seals for the holder of a secret without a key of its own`() throws {
        let sealed = try Vault.seal(Self.secret, secret: "sk_live_1", context: "answer")
        #expect(try Vault.open(sealed, secret: "sk_live_1", context: "answer") == Self.secret)
        #expect(throws: Vault.Failure.cannotOpen) { try Vault.open(sealed, secret: "sk_live_2", context: "answer") }
        #expect(throws: Vault.Failure.cannotOpen) { try Vault.open(sealed, secret: "sk_live_1", context: "other") }
    }

    @Test func `derives a different key for each purpose, the same each time`() {
        let vault = Vault(key: SymmetricKey(data: [UInt8](repeating: 1, count: 32)))
        #expect(vault.derivedKey(for: "cursors") == vault.derivedKey(for: "cursors"))
        #expect(vault.derivedKey(for: "cursors") != vault.derivedKey(for: "cookies"))
    }

    @Test func `makes its key file for its owner alone, and finds the same key again`() async throws {
        try await Place.fresh { place in
            let path = place.folder.appendingPathComponent("key").path
            let sealed = try Vault(file: path, surroundings: place.surroundings).seal(Self.secret, context: "x")
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
            #expect(mode?.intValue == 0o600)
            #expect(try Vault(file: path, surroundings: place.surroundings).open(sealed, context: "x") == Self.secret)
        }
    }

    @Test func `refuses a key file that others can read, or that is no key`() async throws {
        try await Place.fresh { place in
            let path = place.folder.appendingPathComponent("key").path
            _ = try Vault(file: path, surroundings: place.surroundings)
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
            #expect(throws: Vault.Failure.exposedKeyFile(path: path)) { try Vault(file: path, surroundings: place.surroundings) }
            try Data("too short".utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            #expect(throws: Vault.Failure.malformedKey) { try Vault(file: path, surroundings: place.surroundings) }
            #expect(throws: Vault.Failure.unreadable(path: "/nowhere/key")) {
                try Vault(file: "/nowhere/key", surroundings: place.surroundings)
            }
        }
    }

    @Test(arguments: ["", "AAAA", "not base64!", String(repeating: "A", count: 44)])
    func `takes 32 bytes of base64 and nothing else`(text: String) {
        #expect(throws: Vault.Failure.malformedKey) { try Vault(base64: text) }
    }
}
