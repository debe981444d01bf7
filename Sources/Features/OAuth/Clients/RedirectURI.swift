import Kernel
import Web

/// An address a client has registered to be sent back to with a code.
///
/// https anywhere; http on the loopback interface only (RFC 8252, 7.3); a scheme of the app's own when it is a reversed domain name (7.1). So
/// `javascript:` and its like cannot be registered, and a code crosses no network in the clear.
package struct RedirectURI: Sendable, Equatable {
    package let text: String
    /// What a browser's policy has to allow a form to lead to (CSP 3, form-action).
    package let policySource: String
    /// The text without its port, where any port will do.
    private let portless: String?

    /// Nil for what cannot be registered.
    package init?(_ text: String) {
        guard (1...500).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed), let colon = text.firstIndex(of: ":") else {
            return nil
        }
        let scheme = text[..<colon]
        let rest = text[text.index(after: colon)...]
        self.text = text
        guard rest.hasPrefix("//") else {
            guard Self.isReversedDomain(scheme), rest.hasPrefix("/"), !rest.hasPrefix("//") else { return nil }
            policySource = "\(scheme):"
            portless = nil
            return
        }
        let authority = rest.dropFirst(2).prefix { $0 != "/" && $0 != "?" }
        let path = rest.dropFirst(2 + authority.count)
        if scheme == "https" || scheme == "http" {
            guard let host = Self.host(of: authority) else { return nil }
            let isLiteral = host == "127.0.0.1" || host == "[::1]"
            guard scheme == "https" || isLiteral || host == "localhost" else { return nil }
            // CSP has no word for an IPv6 address.
            policySource = host.hasPrefix("[") ? "\(scheme):" : "\(scheme)://\(authority)"
            portless = isLiteral && scheme == "http" ? "\(scheme)://\(host)\(path)" : nil
        } else {
            guard Self.isReversedDomain(scheme), authority.utf8.allSatisfy(Self.isHostByte) else { return nil }
            policySource = "\(scheme):"
            portless = nil
        }
    }

    /// Compared character by character (RFC 9700, 4.1.3); on a loopback address the port is the app's choice at run time.
    package func matches(_ other: RedirectURI) -> Bool { text == other.text || portless != nil && portless == other.portless }

    /// With these parameters added to its query.
    func adding(_ parameters: [(name: String, value: String)]) -> String {
        let query = parameters.map { "\($0.name)=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
        return text + (text.contains("?") ? text.hasSuffix("?") || text.hasSuffix("&") ? "" : "&" : "?") + query
    }

    /// The host of an authority without user information; nil for what is none.
    private static func host(of authority: Substring) -> Substring? {
        var host = authority
        if !authority.hasSuffix("]"), let colon = authority.lastIndex(of: ":") {
            host = authority[..<colon]
            let port = authority[authority.index(after: colon)...]
            guard port.utf8.allSatisfy(isDigit), let number = Int(port), (1...65_535).contains(number) else { return nil }
        }
        if host.hasPrefix("["), host.hasSuffix("]") { return IPAddress(String(host.dropFirst().dropLast())) == nil ? nil : host }
        return !host.isEmpty && host.utf8.allSatisfy(isHostByte) ? host : nil
    }

    /// `com.example.app`.
    private static func isReversedDomain(_ scheme: Substring) -> Bool {
        scheme.contains(".") && scheme.utf8.first.map { (97...122).contains($0) } == true
            && scheme.utf8.allSatisfy { (97...122).contains($0) || isDigit($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (65...90).contains(byte) || isDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    /// The characters of RFC 3986 without `#`, since a redirect has no fragment (RFC 6749, 3.1.2).
    private static func isAllowed(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (65...90).contains(byte) || isDigit(byte) || "-._~:/?[]@!$&'()*+,;=%".utf8.contains(byte)
    }
}
