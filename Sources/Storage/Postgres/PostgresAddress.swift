import CPostgres
import Foundation

/// Where a server is and how to sign in, taken apart before anything can fail with it in hand.
///
/// libpq quotes what it cannot read, and a password with an `@`, `/` or `%` that was not percent-encoded ends up in the part it
/// cannot read. So the sentences about the address itself are ours, and libpq's are shown only once the password is known and cut out.
struct PostgresAddress: Sendable {
    /// libpq's keywords and their values, in order; a later one wins.
    let settings: [(keyword: String, value: String)]
    private let secrets: [String]

    /// Takes a URL or `keyword=value` pairs. Throws `.unavailable`.
    init(_ url: String) throws(StorageError) {
        guard let options = PQconninfoParse(url, nil) else {
            throw .unavailable("The PostgreSQL address cannot be read. Its password must be percent-encoded.")
        }
        defer { PQconninfoFree(options) }
        let given = Self.read(options)
        if given.contains(where: { ["host", "hostaddr", "port", "dbname"].contains($0.keyword) && $0.value.contains("@") }) {
            throw .unavailable("The PostgreSQL address holds an @ where none belongs: its password must be percent-encoded.")
        }
        secrets = given.filter { $0.keyword.hasSuffix("password") }.map(\.value)
        settings = Self.defaults + given + [("client_encoding", "UTF8")]
    }

    /// A server that has vanished is noticed within the half minute rather than after TCP's quarter of an hour, also by who only listens. Of
    /// several hosts each gets five seconds to answer before the next is asked.
    private static let defaults: [(keyword: String, value: String)] = [
        ("fallback_application_name", "cloudapi"), ("connect_timeout", "5"), ("tcp_user_timeout", "30000"), ("keepalives_idle", "15"),
        ("keepalives_interval", "5"), ("keepalives_count", "3"),
    ]

    private static func read(_ options: UnsafePointer<PQconninfoOption>) -> [(keyword: String, value: String)] {
        var settings: [(keyword: String, value: String)] = []
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { settings.append((String(cString: keyword), String(cString: value))) }
            option += 1
        }
        return settings
    }

    /// libpq's sentence on one line, without the password.
    func sentence(_ message: String) -> String {
        // With and without TLS, or over several addresses, libpq may have failed for the same reason more than once.
        var lines: [String] = []
        for line in message.split(whereSeparator: \.isNewline).map({ $0.trimmingCharacters(in: .whitespaces) }) where !lines.contains(line)
        {
            lines.append(line)
        }
        let line = lines.joined(separator: " ")
        return secrets.filter { !$0.isEmpty }.reduce(line) { $0.replacing($1, with: "***") }
    }
}
