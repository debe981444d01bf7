import Kernel
import NIOSSL
import Outgoing
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A client certificate` {
    @Test func `is shown to a server that asks for it, whose authority is ours`() async throws {
        try await LoopbackServer.with(tls: Self.demanding()) { server in
            let tls = try OutgoingTLS(
                authorities: Certificates.authority, certificate: Certificates.client, key: Certificates.clientKey)
            let answer = try await Outgoing.local().send(OutgoingRequest(.get, "https://127.0.0.1:\(server.port)/", tls: tls))
            #expect(answer.status == 200)
        }
    }

    @Test func `is missed by a server that asks for it`() async throws {
        try await LoopbackServer.with(tls: Self.demanding(asksForCertificate: true)) { server in
            let tls = try OutgoingTLS(authorities: Certificates.authority, certificate: Certificates.server, key: Certificates.serverKey)
            let failure = await Outgoing.local().failure(OutgoingRequest(.get, "https://127.0.0.1:\(server.port)/", tls: tls))
            #expect(failure != nil)  // a server's certificate is none for a client
            #expect(await server.nextClosedConnection() == "")
        }
    }

    @Test func `does not make a server of another authority trusted`() async throws {
        try await LoopbackServer.with(tls: Self.demanding(asksForCertificate: false)) { server in
            let tls = try OutgoingTLS(authorities: Certificates.stranger, certificate: Certificates.client, key: Certificates.clientKey)
            let failure = try #require(
                await Outgoing.local().failure(OutgoingRequest(.get, "https://127.0.0.1:\(server.port)/", tls: tls)))
            guard case .tlsFailed = failure else { throw failure }
        }
    }

    // With the name alone: NIOSSL also takes a certificate for the address it connected to, whatever the URL's name.
    @Test(arguments: [("docker.example", true), ("other.example", false)])
    func `does not make another name right`(name: String, isRight: Bool) async throws {
        let context = try Self.demanding(Certificates.named, Certificates.namedKey)
        try await LoopbackServer.with(tls: context) { server in
            let tls = try OutgoingTLS(authorities: Certificates.authority, certificate: Certificates.client, key: Certificates.clientKey)
            let request = OutgoingRequest(.get, "https://\(name):\(server.port)/", tls: tls)
            let failure = await Outgoing.local(lookUp: .always(.loopback)).failure(request)
            if isRight { return #expect(failure == nil) }
            guard case .tlsFailed? = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
        }
    }

    @Test(arguments: [
        (OutgoingTLS.Part.authorities, "", "client", "clientKey"), (.authorities, "no PEM", "client", "clientKey"),
        (.certificate, "authority", "clientKey", "clientKey"), (.key, "authority", "client", "client"), (.key, "authority", "client", ""),
        (.key, "authority", "client", "serverKey"),
    ])
    func `is refused when a part of it cannot be used`(part: OutgoingTLS.Part, authorities: String, certificate: String, key: String) {
        let texts = [
            "authority": Certificates.authority, "client": Certificates.client, "clientKey": Certificates.clientKey,
            "serverKey": Certificates.serverKey,
        ]
        let error = #expect(throws: OutgoingTLS.Unusable.self) {
            try OutgoingTLS(
                authorities: texts[authorities] ?? authorities, certificate: texts[certificate] ?? certificate, key: texts[key] ?? key)
        }
        #expect(error?.part == part)
    }

    private static func demanding(
        _ certificate: String = Certificates.server, _ key: String = Certificates.serverKey, asksForCertificate: Bool = true
    ) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map { NIOSSLCertificateSource.certificate($0) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain,
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)))
        if asksForCertificate {
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(Certificates.authority.utf8)))
        }
        return try NIOSSLContext(configuration: configuration)
    }
}
