import Crypto
import Foundation
import Kernel
import Vault

/// What signs an endpoint's deliveries: 32 random bytes, shown as `whsec_` and their standard base64 (Standard Webhooks, "Secret").
package struct WebhookSecret: Sendable {
    private let key: [UInt8]

    package init(_ key: [UInt8]) { self.key = key }

    init(_ surroundings: Surroundings) { key = surroundings.randomBytes(32) }

    package var text: String { "whsec_" + Data(key).base64EncodedString() }

    /// Bound to the endpoint, so that a row cannot lend its secret to another.
    func sealed(for id: WebhookID, by vault: Vault) throws -> SealedSecret {
        SealedSecret(bytes: try vault.seal(key, context: Self.context(id)))
    }

    /// `v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`.
    package func signature(id: String, timestamp: Int64, body: [UInt8]) -> String {
        var code = HMAC<SHA256>(key: SymmetricKey(data: key))
        code.update(data: Data("\(id).\(timestamp).".utf8))
        code.update(data: body)
        return "v1," + Data(code.finalize()).base64EncodedString()
    }

    fileprivate static func context(_ id: WebhookID) -> String { "webhook secret \(id)" }
}

struct SealedSecret: Sendable, Equatable {
    let bytes: [UInt8]

    func opened(for id: WebhookID, by vault: Vault) throws -> WebhookSecret {
        WebhookSecret(try vault.open(bytes, context: WebhookSecret.context(id)))
    }
}

extension Webhook {
    /// What goes into `webhook-signature` at that moment: both secrets' while they overlap, the newer first.
    func signatures(id: String, body: [UInt8], at now: Timestamp, _ vault: Vault) throws -> String {
        var secrets = [try secret.opened(for: self.id, by: vault)]
        if let previous, previous.until > now { secrets.append(try previous.secret.opened(for: self.id, by: vault)) }
        return secrets.map { $0.signature(id: id, timestamp: now.seconds, body: body) }.joined(separator: " ")
    }
}
