import NIOSSL

/// Whom to trust and who we are, on connections to one peer with authorities of its own, such as a Docker daemon over TCP. In memory only.
package struct OutgoingTLS: Sendable {
    let configuration: TLSConfiguration

    package enum Part: String, Sendable, CaseIterable {
        case authorities
        case certificate
        case key
    }

    /// What cannot be used; says nothing of its content.
    package struct Unusable: Error, Equatable {
        package let part: Part
        /// Reads on after "The … ".
        package let reason: String
    }

    /// All PEM: those who may have signed the peer's certificate, our chain with our own certificate first, and the key of that without a
    /// passphrase. Only these authorities are believed, not the machine's.
    package init(authorities: String, certificate: String, key: String) throws(Unusable) {
        let roots = try Self.certificates(authorities, .authorities)
        let chain = try Self.certificates(certificate, .certificate)
        guard let own = try? NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem) else {
            throw Unusable(part: .key, reason: "is no private key in PEM without a passphrase")
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(roots)
        configuration.certificateChain = chain.map { .certificate($0) }
        configuration.privateKey = .privateKey(own)
        guard (try? NIOSSLContext(configuration: configuration)) != nil else {
            throw Unusable(part: .key, reason: "is not the certificate's")
        }
        self.configuration = configuration
    }

    private static func certificates(_ text: String, _ part: Part) throws(Unusable) -> [NIOSSLCertificate] {
        guard let found = try? NIOSSLCertificate.fromPEMBytes(Array(text.utf8)), !found.isEmpty else {
            throw Unusable(part: part, reason: "is no certificate in PEM")
        }
        return found
    }
}
