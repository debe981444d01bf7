package import Kernel

/// Why there is no answer.
package enum OutgoingError: Error, Hashable, Sendable {
    /// Not an `http` or `https` URL we send to; the reason is a sentence for the one who gave it.
    case invalidURL(String)
    /// The name of a header that cannot be sent, for its name or its value.
    case invalidHeader(String)
    /// The name has no address.
    case unresolvable(String)
    /// No address is public, or opened where only those may be reached; the first of them.
    case refusedAddress(IPAddress)
    /// A unix socket nobody opened; the path as it was asked for.
    case refusedSocket(String)
    /// No connection: refused, unreachable, or too slow.
    case connectionFailed(String)
    /// The handshake failed: mostly a certificate that is not trusted, has expired or has another name.
    case tlsFailed(String)
    /// The request's `timeout` passed, before or after the request was sent.
    case timedOut
    /// The connection broke, or what came was not HTTP; the request may have had its effect.
    case connectionLost(String)
    /// Thrown by `wholeBody()` alone.
    case responseTooLarge(kept: Int)
    /// The calling task was cancelled, before or after the request was sent.
    case cancelled
}

extension OutgoingError {
    /// Certain that the other side saw nothing of the request, so that doing it again cannot do it twice.
    package var nothingWasSent: Bool {
        switch self {
        case .invalidURL, .invalidHeader, .unresolvable, .refusedAddress, .refusedSocket, .connectionFailed, .tlsFailed: true
        case .timedOut, .connectionLost, .responseTooLarge, .cancelled: false
        }
    }
}

extension OutgoingError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidURL(let reason): reason
        case .invalidHeader(let name): "The header \(name.debugDescription) cannot be sent."
        case .unresolvable(let name): "The name \(name) has no address."
        case .refusedAddress(let address): "The address \(address) is not a public one."
        case .refusedSocket(let path): "The socket \(path) is not opened."
        case .connectionFailed(let reason): "No connection could be made: \(reason)"
        case .tlsFailed(let reason): "The TLS handshake failed: \(reason)"
        case .timedOut: "There was no whole answer in time."
        case .connectionLost(let reason): "The connection broke: \(reason)"
        case .responseTooLarge(let kept): "The answer is longer than \(kept) bytes."
        case .cancelled: "The request was given up."
        }
    }
}
