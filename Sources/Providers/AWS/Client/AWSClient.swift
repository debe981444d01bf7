package import Kernel
package import Outgoing
package import Provider

/// Calls one account in one region: signs, sends once, and says what an error means. Never repeats a call.
package struct AWSClient: Sendable {
    private let outgoing: Outgoing
    private let endpoint: AWSEndpoint
    private let session: AWSSession
    private let now: @Sendable () -> Timestamp

    package init(
        outgoing: Outgoing, endpoint: AWSEndpoint, credentials: AWSCredentials, role: AWSRole?, now: @escaping @Sendable () -> Timestamp
    ) {
        self.outgoing = outgoing
        self.endpoint = endpoint
        self.session = AWSSession(own: credentials, role: role)
        self.now = now
    }

    package var region: String { endpoint.region }
    /// AWS itself, or the server that stands for it.
    package var server: String { endpoint.custom ?? "aws" }

    /// One call. The path is as it goes over the wire (`AWSEncoding.path`); query and headers are as they are meant.
    package struct Call: Sendable {
        package var service: AWSService
        package var method: OutgoingRequest.Method
        package var path = "/"
        package var query: [(name: String, value: String)] = []
        package var headers: [(name: String, value: String)] = []
        package var payload: [UInt8] = []
        package var timeout = Duration.seconds(30)
        /// Bytes of an answer that are read.
        package var limit = 16 << 20

        package init(_ service: AWSService, _ method: OutgoingRequest.Method) {
            self.service = service
            self.method = method
        }
    }

    /// A 2xx; everything else is thrown.
    package func send(_ call: Call) async throws(ProviderError) -> OutgoingResponse {
        try await send(call, with: try await credentials())
    }

    /// An answer, or what is refused: for where an error's code says more than its kind.
    package enum Reply: Sendable {
        case done(OutgoingResponse)
        case refused(AWSError, retryAfter: String?)
    }

    package func reply(to call: Call) async throws(ProviderError) -> Reply { try await reply(to: call, with: try await credentials()) }

    /// A call of a query API (EC2, STS): an action with its parameters, answered in XML.
    @discardableResult
    package func query(
        _ service: AWSService, _ action: String, _ parameters: [(name: String, value: String)] = [], timeout: Duration = .seconds(30)
    ) async throws(ProviderError) -> XMLTree {
        try await query(service, action, parameters, with: try await credentials(), timeout: timeout)
    }

    private func query(
        _ service: AWSService, _ action: String, _ parameters: [(name: String, value: String)], with credentials: AWSCredentials,
        timeout: Duration = .seconds(30)
    ) async throws(ProviderError) -> XMLTree {
        var call = Call(service, .post)
        call.headers = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]
        call.payload = Array(
            AWSSigner.encodedQuery([("Action", action), ("Version", service.version)] + parameters).utf8)
        call.timeout = timeout
        let answer = try await send(call, with: credentials)
        do {
            return try XMLTree.parse(answer.body)
        } catch {
            throw ProviderError(.ambiguous, "The answer to \(action) is no XML.")
        }
    }

    private func send(_ call: Call, with credentials: AWSCredentials) async throws(ProviderError) -> OutgoingResponse {
        switch try await reply(to: call, with: credentials) {
        case .done(let answer): return answer
        case .refused(let error, let pause): throw ProviderError(error, retryAfter: pause)
        }
    }

    private func reply(to call: Call, with credentials: AWSCredentials) async throws(ProviderError) -> Reply {
        let signable = AWSSignable(
            method: call.method.rawValue, host: endpoint.host(of: call.service), path: call.path, query: call.query,
            headers: call.headers, payload: .bytes(call.payload))
        let signer = AWSSigner(credentials, region: region, service: call.service.rawValue, rules: call.service.rules)
        let query = call.query.isEmpty ? "" : "?" + AWSSigner.encodedQuery(call.query)
        let request = OutgoingRequest(
            call.method, endpoint.base(of: call.service) + call.path + query, headers: signer.headers(for: signable, at: now()),
            body: call.payload, timeout: call.timeout, bodyLimit: call.limit, onlyToOpened: endpoint.isPlain)
        let answer: OutgoingResponse
        let body: [UInt8]
        do {
            answer = try await outgoing.send(request)
            body = try answer.wholeBody()
        } catch {
            throw ProviderError(error)
        }
        guard (200..<300).contains(answer.status) else {
            let error = AWSError(status: answer.status, body: body)
            if error.isOfExpiredKeys { session.forget(credentials) }
            return .refused(error, retryAfter: answer.header("retry-after"))
        }
        return .done(answer)
    }
}

// MARK: Roles

extension AWSClient {
    private func credentials() async throws(ProviderError) -> AWSCredentials {
        switch session.state(at: now()) {
        case .good(let held): return held
        case .ending(let held):
            do throws(ProviderError) {
                return try await assume()
            } catch  where error.kind != .unauthorized {
                return held
            }
        case .none: return try await assume()
        }
    }

    private func assume() async throws(ProviderError) -> AWSCredentials {
        guard let role = session.role else { return session.own }
        var parameters = [("RoleArn", role.arn), ("RoleSessionName", role.sessionName), ("DurationSeconds", "3600")]
        if let id = role.externalID { parameters.append(("ExternalId", id)) }
        let answer = try await query(.sts, "AssumeRole", parameters.map { (name: $0.0, value: $0.1) }, with: session.own)
        guard let found = answer.descendant("Credentials"), let key = found.string("AccessKeyId"),
            let secret = found.string("SecretAccessKey"), let token = found.string("SessionToken"),
            let end = found.string("Expiration").flatMap({ Timestamp($0) })
        else { throw ProviderError(.ambiguous, "The answer to AssumeRole has no credentials.") }
        let credentials = AWSCredentials(accessKeyID: key, secretAccessKey: secret, sessionToken: token, expiresAt: end)
        session.keep(credentials)
        return credentials
    }
}
