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
// A redirect is an answer like any other. No proxy is used, the environment's neither: its address would be the one that is checked.

package import Kernel

/// The server's only HTTP client: speaks HTTP/1.1 to public addresses and to those the operator opened.
///
/// A plain value without a life to manage: connections are kept for a few seconds and go when the last copy goes.
package struct Outgoing: Sendable {
    private let lookUp: NameLookup
    private let clients: PinnedClients
    private let rule: AddressRule
    private let sleep: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - ranges: addresses reachable although they are not public.
    ///   - sleep: runs a request's `timeout`; what a test stops, a real server's is `Surroundings.real.sleep`.
    package init(allowing ranges: [AddressRange] = [], sleep: @escaping @Sendable (Duration) async throws -> Void = Surroundings.real.sleep)
    {
        self.init(allowing: ranges, sleep: sleep, lookUp: .system, dial: \.description)
    }

    /// For tests: `lookUp` stands for the name service, and `dial` tells where a connection to a checked address really goes.
    package init(
        allowing ranges: [AddressRange], sleep: @escaping @Sendable (Duration) async throws -> Void, lookUp: NameLookup,
        dial: @escaping @Sendable (IPAddress) -> String
    ) {
        self.lookUp = lookUp
        self.rule = AddressRule(allowed: ranges)
        self.clients = PinnedClients(rule: rule, dial: dial)
        self.sleep = sleep
    }

    /// Sends once and gives the answer, whatever its status. Only a connection that could not be made is tried at the name's next address.
    package func send(_ request: OutgoingRequest) async throws(OutgoingError) -> OutgoingResponse {
        let outcome = await withTaskGroup(of: Result<OutgoingResponse, OutgoingError>.self) { group in
            group.addTask { await exchange(request) }
            group.addTask { await expiry(after: request.timeout) }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(.cancelled)
        }
        return try outcome.get()
    }

    private func expiry(after timeout: Duration) async -> Result<OutgoingResponse, OutgoingError> {
        do {
            try await sleep(timeout)
            return .failure(.timedOut)
        } catch {
            return .failure(.cancelled)
        }
    }

    private func exchange(_ request: OutgoingRequest) async -> Result<OutgoingResponse, OutgoingError> {
        do {
            let begun = ContinuousClock.now
            let destination = try Destination(request.url)
            try request.checkHeaders()
            var response = try await send(request, to: destination, at: try await permittedAddresses(of: destination))
            response.duration = ContinuousClock.now - begun
            return .success(response)
        } catch {
            return .failure(OutgoingError(error))
        }
    }

    /// In the order of the system's preference, never empty.
    private func permittedAddresses(of destination: Destination) async throws -> [IPAddress] {
        let found = if let literal = destination.literal { [literal] } else { try await lookUp.addresses(destination.host) }
        guard let first = found.first else { throw OutgoingError.unresolvable(destination.host) }
        let permitted = found.filter(rule.permits)
        guard !permitted.isEmpty else { throw OutgoingError.refusedAddress(first) }
        return permitted
    }

    private func send(_ request: OutgoingRequest, to destination: Destination, at addresses: [IPAddress]) async throws -> OutgoingResponse {
        var failure = OutgoingError.unresolvable(destination.host)
        for address in addresses {
            do {
                return try await clients.client(for: Pin(host: destination.host, address: address)).send(request, to: destination.url)
            } catch {
                failure = OutgoingError(error)
                guard case .connectionFailed = failure else { break }
            }
        }
        throw failure
    }
}

/// Which addresses may be connected to.
struct AddressRule: Sendable {
    let allowed: [AddressRange]

    func permits(_ address: IPAddress) -> Bool {
        address.isPublic || allowed.contains { $0.contains(address) }
    }
}
