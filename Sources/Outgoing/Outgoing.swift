// Customers give us URLs to call: webhook endpoints, chat hooks, identity providers. Whoever may name the target of a request sent
// from inside a network must not reach that network with it: the cloud's metadata service, a database on localhost, a router's page.
// So everything the server sends goes through here, and the rule is about addresses, never about how a URL is spelt.
//
// A name is looked up once. The addresses that are public, or in a range the operator opened, are kept; with none left nothing is
// connected. The connection then goes to one of just these addresses: AsyncHTTPClient is told it (`dnsOverride`) and looks nothing up,
// so a name server that answers differently the second time is not asked a second time. Checking the peer of the finished connection
// alone would do for plain HTTP, but with TLS it comes after the handshake, whose first bytes (an attacker's server name among them)
// would already have reached the private address. The peer is checked all the same, before the request is written: if the pinning
// ever breaks, nothing leaks but the handshake.
//
// A unix socket is reached only at a path the operator opened, compared after all links are followed, and connected to by that real path.
//
// A redirect is an answer like any other. No proxy is used, the environment's neither: its address would be the one that is checked.

package import Kernel

/// The server's only HTTP client: speaks HTTP/1.1 to public addresses and to those, and the sockets, that the operator opened.
///
/// A plain value without a life to manage: connections are kept for a few seconds and go when the last copy goes.
package struct Outgoing: Sendable {
    private let lookUp: NameLookup
    private let clients: PinnedClients
    private let egress: Egress
    let rule: AddressRule
    private let sleep: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - egress: addresses reachable although they are not public, and unix sockets.
    ///   - sleep: runs a request's `timeout`; what a test stops, a real server's is `Surroundings.real.sleep`.
    package init(allowing egress: Egress = .none, sleep: @escaping @Sendable (Duration) async throws -> Void = Surroundings.real.sleep) {
        self.init(allowing: egress, sleep: sleep, lookUp: .system, dial: \.description)
    }

    /// For tests: `lookUp` stands for the name service, and `dial` tells where a connection to a checked address really goes.
    package init(
        allowing egress: Egress, sleep: @escaping @Sendable (Duration) async throws -> Void, lookUp: NameLookup,
        dial: @escaping @Sendable (IPAddress) -> String
    ) {
        self.lookUp = lookUp
        self.egress = egress
        self.rule = AddressRule(allowed: egress.ranges)
        self.clients = PinnedClients(rule: rule, dial: dial)
        self.sleep = sleep
    }

    /// Sends once and gives the answer, whatever its status. Only a connection that could not be made is tried at the name's next address.
    package func send(_ request: OutgoingRequest) async throws(OutgoingError) -> OutgoingResponse {
        let begun = ContinuousClock.now
        let request = request.traced()
        var response = try await within(request.timeout) {
            try await exchange(request) { client, destination in try await client.send(request, to: destination) }
        }
        response.duration = ContinuousClock.now - begun
        return response
    }

    /// Sends once and gives the answer as soon as its head is there, whatever its status. The request's `timeout` is for the head; the body
    /// may come for as long as it likes, and `bodyLimit` means nothing.
    package func stream(_ request: OutgoingRequest) async throws(OutgoingError) -> OutgoingStream {
        let request = request.traced()
        return try await within(request.timeout) {
            try await exchange(request) { client, destination in try await client.stream(request, to: destination) }
        }
    }

    private func within<Answer: Sendable>(
        _ timeout: Duration, _ work: @escaping @Sendable () async throws -> Answer
    ) async throws(OutgoingError) -> Answer {
        let outcome = await withTaskGroup(of: Result<Answer, OutgoingError>.self) { group in
            group.addTask {
                do {
                    return .success(try await work())
                } catch {
                    return .failure(OutgoingError(error))
                }
            }
            group.addTask { .failure(await expiry(after: timeout)) }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(.cancelled)
        }
        return try outcome.get()
    }

    private func expiry(after timeout: Duration) async -> OutgoingError {
        do {
            try await sleep(timeout)
            return .timedOut
        } catch {
            return .cancelled
        }
    }

    private func exchange<Answer>(
        _ request: OutgoingRequest, _ attempt: (PinnedClient, Destination) async throws -> Answer
    ) async throws -> Answer {
        let destination = try Destination(request.url)
        try request.checkHeaders()
        var failure = OutgoingError.unresolvable(destination.host)
        for pin in try await pins(for: request, to: destination) {
            do {
                return try await attempt(clients.client(for: pin), destination)
            } catch {
                failure = OutgoingError(error)
                guard case .connectionFailed = failure else { break }
            }
        }
        throw failure
    }

    /// In the order of the system's preference, never empty.
    private func pins(for request: OutgoingRequest, to destination: Destination) async throws -> [Pin] {
        if let socket = request.socket {
            guard destination.isPlain else { throw OutgoingError.invalidURL("No TLS is spoken over a unix socket.") }
            return [.socket(try egress.socket(at: socket))]
        }
        let found = if let literal = destination.literal { [literal] } else { try await lookUp.addresses(destination.host) }
        guard let first = found.first else { throw OutgoingError.unresolvable(destination.host) }
        let permitted = found.filter(request.onlyToOpened ? rule.opens : rule.permits)
        guard !permitted.isEmpty else { throw OutgoingError.refusedAddress(first) }
        return permitted.map { .host(destination.host, at: $0) }
    }
}

/// Which addresses may be connected to.
struct AddressRule: Sendable {
    let allowed: [AddressRange]

    func permits(_ address: IPAddress) -> Bool { address.isPublic || opens(address) }

    func opens(_ address: IPAddress) -> Bool { allowed.contains { $0.contains(address) } }
}
