// Two readers of one URL who disagree on its host are a way round every check. So a URL is read once, here, by a narrow grammar, and
// what AsyncHTTPClient gets is written anew from the parts that were checked.

import Foundation
import Kernel

/// Where a URL points.
struct Destination {
    /// Canonical: lower case, without a final dot, user, password and fragment.
    let url: String
    let isPlain: Bool
    /// What follows the authority in `url`: path and query.
    let target: String
    /// As it stands in `url`, an IPv6 address in brackets.
    let host: String
    /// Set when the host is an address in plain spelling; the C library reads the odd ones (`0x7f.1`) when it looks up the name.
    let literal: IPAddress?

    init(_ text: String) throws(OutgoingError) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }) else {
            throw .invalidURL("The URL has characters that must be percent-encoded.")
        }
        guard let parts = URLComponents(string: text, encodingInvalidCharacters: false), let scheme = parts.scheme?.lowercased() else {
            throw .invalidURL("The URL is not an absolute one.")
        }
        guard ["http", "https"].contains(scheme) else { throw .invalidURL("The URL is neither http nor https.") }
        guard parts.user == nil, parts.password == nil else { throw .invalidURL("The URL has a user or a password.") }
        guard parts.port.map((1...65535).contains) != false else { throw .invalidURL("The URL has a port that does not exist.") }
        try self.init(scheme: scheme, host: parts.encodedHost?.lowercased() ?? "", parts)
    }

    private init(scheme: String, host: String, _ parts: URLComponents) throws(OutgoingError) {
        if host.hasPrefix("[") || host.contains(":") {
            guard let address = IPAddress(host.trimmingCharacters(in: ["[", "]"])), !address.isV4 else {
                throw .invalidURL("The URL has an IPv6 address that cannot be read.")
            }
            (self.literal, self.host) = (address, "[\(address)]")
        } else {
            guard Self.isName(host) else { throw .invalidURL("The URL has no host, or one that is not a name.") }
            self.host = host.hasSuffix(".") ? String(host.dropLast()) : host
            self.literal = IPAddress(self.host)
        }
        let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
        let port = parts.port.map { ":\($0)" } ?? ""
        self.target = path + (parts.percentEncodedQuery.map { "?" + $0 } ?? "")
        self.isPlain = scheme == "http"
        self.url = "\(scheme)://\(self.host)\(port)\(target)"
    }

    /// Letters, digits, `-` and `_` between single dots, one dot at the end at most: RFC 1123 §2.1 and the underscore met in practice.
    private static func isName(_ host: String) -> Bool {
        let labels = (host.hasSuffix(".") ? host.dropLast() : host[...]).split(separator: ".", omittingEmptySubsequences: false)
        return host.utf8.count <= 254 && labels.allSatisfy { (1...63).contains($0.utf8.count) && $0.utf8.allSatisfy(isNameByte) }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
