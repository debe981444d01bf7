package import Crypto
import Foundation
package import Kernel

/// Seals what must be kept and read again (webhook secrets, stream tokens, provider credentials), and derives every other key.
///
/// One 256-bit key per installation, in `<data>/key` (mode 0600) or `CLOUDAPI_VAULT_KEY` (base64). It never stands in the database, so a
/// backup of the database opens nothing. Keys for other purposes are derived from it by HKDF-SHA-256 with a label.
package struct Vault: Sendable {
    private let key: SymmetricKey

    package enum Failure: Error, Sendable, Equatable {
        /// Not 32 bytes of base64.
        case malformedKey
        /// The key file can be read by others; `chmod 600` it.
        case exposedKeyFile(path: String)
        case unreadable(path: String)
        /// Sealed under another key or context, or changed since.
        case cannotOpen
    }

    package init(key: SymmetricKey) { self.key = key }

    /// From base64, as in `CLOUDAPI_VAULT_KEY`.
    package init(base64: String) throws(Failure) {
        guard let data = Data(base64Encoded: base64.trimmingCharacters(in: .whitespacesAndNewlines)), data.count == 32 else {
            throw .malformedKey
        }
        self.init(key: SymmetricKey(data: data))
    }

    /// Reads the key file, or makes it with mode 0600 when there is none.
    package init(file path: String, surroundings: Surroundings) throws(Failure) {
        if !FileManager.default.fileExists(atPath: path) {
            let text = Data(surroundings.randomBytes(32)).base64EncodedString() + "\n"
            guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600]) else {
                throw .unreadable(path: path)
            }
        }
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            let mode = attributes[.posixPermissions] as? NSNumber,
            let text = try? String(contentsOfFile: path, encoding: .utf8)
        else { throw .unreadable(path: path) }
        guard mode.intValue & 0o077 == 0 else { throw .exposedKeyFile(path: path) }
        try self.init(base64: text)
    }

    /// AES-256-GCM; `context` (what the secret is for, and whose) is authenticated, so that a row cannot be moved to another place.
    package func seal(_ plain: [UInt8], context: String) throws -> [UInt8] {
        try Self.seal(plain, with: key, context: context)
    }

    package func open(_ sealed: [UInt8], context: String) throws(Failure) -> [UInt8] {
        try Self.open(sealed, with: key, context: context)
    }

    /// A key of its own for one purpose.
    package func derivedKey(for purpose: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: key, info: Data(purpose.utf8), outputByteCount: 32)
    }
}

extension Vault {
    /// Seals under a key that only who holds `secret` can derive; the installation's key plays no part.
    package static func seal(_ plain: [UInt8], secret: String, context: String) throws -> [UInt8] {
        try seal(plain, with: key(from: secret), context: context)
    }

    package static func open(_ sealed: [UInt8], secret: String, context: String) throws(Failure) -> [UInt8] {
        try open(sealed, with: key(from: secret), context: context)
    }

    private static func key(from secret: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Data(secret.utf8)), info: Data("sealed answer".utf8), outputByteCount: 32)
    }

    private static func seal(_ plain: [UInt8], with key: SymmetricKey, context: String) throws -> [UInt8] {
        let box = try AES.GCM.seal(plain, using: key, authenticating: Data(context.utf8))
        return Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    private static func open(_ sealed: [UInt8], with key: SymmetricKey, context: String) throws(Failure) -> [UInt8] {
        guard let box = try? AES.GCM.SealedBox(combined: sealed),
            let plain = try? AES.GCM.open(box, using: key, authenticating: Data(context.utf8))
        else {
            throw .cannotOpen
        }
        return Array(plain)
    }
}
