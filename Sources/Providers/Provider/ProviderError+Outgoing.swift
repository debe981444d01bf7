package import Outgoing

extension ProviderError {
    /// No answer.
    package init(_ error: OutgoingError) {
        let kind: Kind =
            switch error {
            case .connectionFailed, .unresolvable, .tlsFailed("time-out"): .unreachable
            case .tlsFailed: .unauthorized
            case .connectionLost(let reason) where reason.isAboutCertificate: .unauthorized
            case .timedOut, .connectionLost, .responseTooLarge, .cancelled: .ambiguous
            case .invalidURL, .invalidHeader, .refusedAddress, .refusedSocket: .rejected
            }
        let advice =
            switch error {
            case .refusedSocket(let path): " The server's operator can allow it: --allow-egress unix:\(path)"
            case .refusedAddress(let address): " The server's operator can allow it: --allow-egress \(address)"
            default: ""
            }
        self.init(kind, Self.readable(error.description + advice))
    }

    /// One line of at most 500 characters.
    package static func readable(_ text: String) -> String {
        let line = String(
            text.map { $0.isNewline || $0.isWhitespace ? " " : $0 }.filter { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 } })
        let trimmed = line.split(separator: " ").joined(separator: " ")
        return trimmed.count > 500 ? trimmed.prefix(499) + "…" : trimmed
    }
}

extension String {
    /// The words of BoringSSL for "your certificate is not accepted", which with TLS 1.3 comes after the handshake.
    fileprivate var isAboutCertificate: Bool { uppercased().contains("CERTIFICATE") || uppercased().contains("UNKNOWN_CA") }
}
