import AsyncHTTPClient
import NIOCore
import NIOSSL

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension OutgoingError {
    /// Any error of the layers below; what is not known to have failed before the request was sent counts as failed after.
    init(_ error: any Error) {
        self =
            switch error {
            case let error as OutgoingError: error
            case is CancellationError: .cancelled
            case let error as HTTPClientError: Self.of(error)
            case let error as NIOSSLError: Self.of(error)
            case is NIOSSLExtraError: .tlsFailed(String(describing: error))
            case let error as IOError where Self.connecting.contains(error.errnoCode): .connectionFailed(String(describing: error))
            default: .connectionLost(String(describing: error))
            }
    }

    private static func of(_ error: HTTPClientError) -> OutgoingError {
        switch error {
        case .cancelled: .cancelled
        case .deadlineExceeded: .timedOut
        case .connectTimeout, .getConnectionFromPoolTimeout: .connectionFailed("time-out")
        case .tlsHandshakeTimeout: .tlsFailed("time-out")
        default: .connectionLost(error.description)
        }
    }

    private static func of(_ error: NIOSSLError) -> OutgoingError {
        switch error {
        case .handshakeFailed, .unableToValidateCertificate, .noCertificateToValidate: .tlsFailed(String(describing: error))
        default: .connectionLost(String(describing: error))
        }
    }

    /// What connect(2) gives and an established connection does not.
    private static let connecting: Set<CInt> = [
        EACCES, EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN, ECONNREFUSED, EHOSTUNREACH, EINVAL, ENETUNREACH, ENOENT, ENOTSOCK, EPERM, EPROTOTYPE,
    ]
}
