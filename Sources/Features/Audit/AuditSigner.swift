import Crypto
import Foundation
package import Vault

/// The installation's Ed25519 key for what is said about the log. Derived from the vault's key, so it stands nowhere and a backup of the
/// database cannot sign.
package struct AuditSigner: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    package init(vault: Vault) {
        let seed = vault.derivedKey(for: "audit signatures").withUnsafeBytes { Data($0) }
        key = try! Curve25519.Signing.PrivateKey(rawRepresentation: seed)  // any 32 bytes are a key
    }

    /// The 32 bytes of RFC 8032.
    package var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    package func sign(_ bytes: [UInt8]) throws -> [UInt8] { Array(try key.signature(for: Data(bytes))) }

    /// The first 16 hexadecimal digits of the key's SHA-256.
    package static func keyID(of publicKey: [UInt8]) -> String {
        SHA256.hash(data: publicKey).prefix(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    package static func verify(_ signature: [UInt8], of bytes: [UInt8], by publicKey: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: Data(publicKey)) else { return false }
        return key.isValidSignature(Data(signature), for: Data(bytes))
    }
}
