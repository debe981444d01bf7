import Foundation
import HTTPTypes
import Kernel
import Storage
import Web

/// Finds out which client a request of OAuth's endpoints comes from, and slows down who guesses.
///
/// As with signing in, twenty failures a minute from an address are enough, and five for one client from one address. Only failures count, since a client
/// may ask for thousands of tokens a second; and they count by client *and* address, so that nobody locks a client out by guessing badly in its name.
final class ClientGate: Sendable {
    private let failures = RateLimiter()

    private static let perAddress = 20
    private static let perClient = 5

    /// Throws `invalid_client`, `invalid_request` and `sign_in_throttled`.
    func client(of call: OpenCall) async throws -> OAuthClient {
        let presented = try Presented(call)
        let places = places(presented.id, call.address)
        if places.contains(where: { failures.isFull($0.key, limit: $0.limit, at: call.at) }) {
            throw Problem(.signInThrottled, "Too many failed attempts in the last minute.", retryAfter: 60)
        }
        let found = try await call.store.peek { try OAuthClient.named(presented.id, $0) }
        guard let found, found.isProved(by: presented, at: call.at) else {
            for place in places { _ = failures.admit(place.key, limit: place.limit, at: call.at) }
            throw Self.invalid("The client is unknown, or its secret is wrong.")
        }
        return found
    }

    private func places(_ client: String, _ address: String?) -> [(key: String, limit: Int)] {
        [("address " + (address ?? "-"), Self.perAddress), ("client \(client.prefix(100)) \(address ?? "-")", Self.perClient)]
    }

    static func invalid(_ detail: String) -> Problem {
        Problem(.invalidClient, detail, headers: [("WWW-Authenticate", "Basic realm=\"oauth\", charset=\"UTF-8\"")])
    }

    /// What a client says of itself: by HTTP Basic or in the form, never in both (RFC 6749, 2.3).
    struct Presented: Sendable {
        let id: String
        let secret: String?

        init(_ call: OpenCall) throws {
            let id = call.body?["client_id"]?.string
            let secret = call.body?["client_secret"]?.string
            guard let header = call.headers[.authorization] else {
                guard let id else { throw ClientGate.invalid("The request does not say which client it comes from.") }
                self.id = id
                self.secret = secret
                return
            }
            let basic = try Self.basic(header)
            guard secret == nil, id == nil || id == basic.id else {
                throw Problem(.invalidRequest, "The client proves itself in the Authorization header or in the form, not in both.")
            }
            self.id = basic.id
            self.secret = basic.secret
        }

        /// RFC 6749, 2.3.1: both parts are encoded as in a form before they are joined.
        private static func basic(_ header: String) throws -> (id: String, secret: String?) {
            let refused = ClientGate.invalid("The Authorization header must be Basic, with client_id and client_secret.")
            guard header.prefix(6).lowercased() == "basic ", let data = Data(base64Encoded: String(header.dropFirst(6))),
                let text = String(validating: data, as: UTF8.self)
            else { throw refused }
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let id = PercentEncoding.decode(parts[0], plusIsSpace: true), !id.isEmpty,
                let secret = PercentEncoding.decode(parts[1], plusIsSpace: true)
            else { throw refused }
            return (id, secret.isEmpty ? nil : secret)
        }
    }
}

extension OAuthClient {
    /// A confidential client by its secret; a public one by sending none, which proves nothing and is not meant to.
    fileprivate func isProved(by presented: ClientGate.Presented, at now: Timestamp) -> Bool {
        guard let secret else { return presented.secret == nil }
        return presented.secret.map { secret.fits($0, at: now) } ?? false
    }
}
