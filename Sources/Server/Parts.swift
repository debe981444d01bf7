package import Identity
package import Kernel
import Keys
package import Metering
package import Sandbox
package import Storage
package import Vault
package import Web

/// Every object the server is made of, each made once and handed on. A test makes its own.
package struct Parts: Sendable {
    package let store: Store
    package let vault: Vault
    package let surroundings: Surroundings
    package let signIn: SignIn
    package let sandbox: Sandbox
    package let counter: RequestCounter
    package let pipeline: Pipeline

    package init(store: Store, vault: Vault, configuration: ServerConfiguration, surroundings: Surroundings) {
        self.store = store
        self.vault = vault
        self.surroundings = surroundings
        signIn = SignIn(passwords: PasswordHasher(cost: configuration.passwordCost, surroundings: surroundings))
        sandbox = Sandbox(seeds: [SandboxRequests()])
        counter = RequestCounter(store: store, surroundings: surroundings)
        pipeline = Pipeline(
            store: store, surroundings: surroundings, authenticator: Authenticator(store: store, source: Credentials()),
            limiter: RateLimiter(),
            meter: counter, cursors: CursorSigner(key: vault.derivedKey(for: "list cursors")),
            clientAddress: ClientAddress(trustedProxies: configuration.trustedProxies), limits: .init())
    }
}

/// Sessions, keys and tokens, told apart by their prefix.
private struct Credentials: CredentialSource {
    private let sessions = SessionCredentials()
    private let keys = KeyCredentials()

    func credential(withDigest digest: [UInt8], prefix: Secret.Prefix, at now: Timestamp, _ connection: Connection) throws -> Authenticated?
    {
        switch prefix {
        case .session: try sessions.credential(withDigest: digest, prefix: prefix, at: now, connection)
        case .projectLive, .projectTest, .workspaceLive, .workspaceTest, .token:
            try keys.credential(withDigest: digest, prefix: prefix, at: now, connection)
        case .invitation: nil
        }
    }
}
