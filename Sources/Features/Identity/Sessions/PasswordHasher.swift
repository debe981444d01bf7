import CryptoExtras
import Foundation
package import Kernel
import NIOPosix

/// A stored password: `scrypt$logN$r$p$salt$key`, salt and key in base64.
package struct PasswordHash: Sendable, Equatable {
    package let text: String
}

/// Hashes and checks passwords with scrypt (RFC 7914), on a thread of its own, since one hash takes a tenth of a second on purpose.
package struct PasswordHasher: Sendable {
    /// log₂ of scrypt's N. 15 with r = 8 takes 32 MiB and about 0.1 s (OWASP's password storage cheat sheet allows it with p = 3).
    private let cost: Int
    private let surroundings: Surroundings

    package init(cost: Int = 15, surroundings: Surroundings) {
        self.cost = cost
        self.surroundings = surroundings
    }

    package func hash(_ password: String) async throws -> PasswordHash {
        let salt = surroundings.randomBytes(16)
        let key = try await derive(password, salt: salt, cost: cost)
        return PasswordHash(text: "scrypt$\(cost)$8$1$\(Data(salt).base64EncodedString())$\(Data(key).base64EncodedString())")
    }

    /// Takes as long for no hash as for one, so that time does not tell whether a user exists.
    package func verify(_ password: String, against hash: PasswordHash?) async throws -> Bool {
        guard let parts = hash?.text.split(separator: "$"), parts.count == 6, let cost = Int(parts[1]),
            let salt = Data(base64Encoded: String(parts[4])), let expected = Data(base64Encoded: String(parts[5]))
        else {
            _ = try await derive(password, salt: [UInt8](repeating: 0, count: 16), cost: cost)
            return false
        }
        let key = try await derive(password, salt: Array(salt), cost: cost)
        return zip(key, expected).reduce(key.count == expected.count ? 0 : 1) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private func derive(_ password: String, salt: [UInt8], cost: Int) async throws -> [UInt8] {
        try await NIOThreadPool.singleton.runIfActive {
            let key = try KDF.Scrypt.deriveKey(
                from: Data(password.utf8), salt: Data(salt), outputByteCount: 32, rounds: 1 << cost, blockSize: 8, parallelism: 1)
            return key.withUnsafeBytes { Array($0) }
        }
    }
}
