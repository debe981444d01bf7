import Foundation

/// Where a ClickHouse is and how to sign in: `http://user:password@host:8123/database`, percent-encoded. Shown without the password.
package struct ClickHouseAddress: Sendable, CustomStringConvertible {
    let base: String
    let database: String
    let headers: [(name: String, value: String)]

    /// Nil for what is no such URL. Without a port 8123, or 8443 with https; without a database `default`.
    package init?(_ url: String) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme, ["http", "https"].contains(scheme),
            let host = parts.percentEncodedHost, !host.isEmpty, parts.query == nil, parts.fragment == nil
        else { return nil }
        let path = parts.path.split(separator: "/", omittingEmptySubsequences: true)
        guard path.count <= 1 else { return nil }
        base = "\(scheme)://\(host):\(parts.port ?? (scheme == "https" ? 8443 : 8123))"
        database = path.first.map(String.init) ?? "default"
        // In headers rather than the URL, which servers log.
        headers =
            (parts.user.map { [("X-ClickHouse-User", $0)] } ?? []) + (parts.password.map { [("X-ClickHouse-Key", $0)] } ?? [])
    }

    package var description: String { "\(base)/\(database)" }
}
