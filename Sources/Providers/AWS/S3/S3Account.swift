import Kernel

/// A connection's settings and secret, read from what has no violations.
struct S3Account: Sendable {
    /// Scheme and authority, without a final slash.
    let endpoint: String
    let region: String
    let credentials: AWSCredentials

    struct Invalid: Error {
        let violations: [Problem.Violation]
    }

    init(settings: JSON, secret: JSON?) throws(Invalid) {
        let found = Self.violations(settings, secret)
        guard found.isEmpty, let endpoint = settings["endpoint"]?.string else { throw Invalid(violations: found) }
        self.endpoint = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
        region = settings["region"]?.string ?? "us-east-1"
        credentials = AWSCredentials(
            accessKeyID: secret?["access_key_id"]?.string ?? "", secretAccessKey: secret?["secret_access_key"]?.string ?? "",
            sessionToken: secret?["session_token"]?.string)
    }

    static func violations(_ settings: JSON, _ secret: JSON?) -> [Problem.Violation] {
        let ofSettings = check(settings, at: "/settings", ["endpoint": true, "region": false]) { name, text in
            if name == "endpoint" { return isEndpoint(text) ? nil : "must be https:// or http:// with a host and a port and nothing else" }
            return (1...64).contains(text.utf8.count) && isWord(text) ? nil : "must have letters, digits and dashes, such as us-east-1"
        }
        let known: KeyValuePairs = ["access_key_id": true, "secret_access_key": true, "session_token": false]
        let ofSecret = check(secret ?? .object([]), at: "/secret", known) { _, text in
            // It stands in headers.
            let isGood = (1...16_384).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            return isGood ? nil : "must have letters and marks of ASCII"
        }
        return ofSettings + ofSecret
    }

    /// The members that may be there, and whether they must.
    private static func check(
        _ json: JSON, at pointer: String, _ known: KeyValuePairs<String, Bool>, _ complaint: (String, String) -> String?
    ) -> [Problem.Violation] {
        guard let members = json.members else { return [.init(pointer: pointer, code: "type", detail: "must be an object")] }
        let unknown = members.filter { member in !known.contains { $0.key == member.name } }.map { member in
            Problem.Violation(
                pointer: "\(pointer)/\(member.name.replacing("~", with: "~0").replacing("/", with: "~1"))", code: "unknown_field",
                detail: "is not known")
        }
        return unknown
            + known.compactMap { name, isRequired in violation(json[name], "\(pointer)/\(name)", isRequired) { complaint(name, $0) } }
    }

    private static func violation(
        _ value: JSON?, _ pointer: String, _ isRequired: Bool, _ complaint: (String) -> String?
    ) -> Problem.Violation? {
        guard let value else { return isRequired ? .init(pointer: pointer, code: "required", detail: "is required") : nil }
        guard let text = value.string else { return .init(pointer: pointer, code: "type", detail: "must be a string") }
        return complaint(text).map { .init(pointer: pointer, code: "format", detail: $0) }
    }

    private static func isEndpoint(_ text: String) -> Bool {
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return false }
        var authority = text.dropFirst(scheme.count)
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 2 { guard let port = Int(parts[1]), (1...65_535).contains(port) else { return false } }
        return (1...2).contains(parts.count) && parts[0].utf8.count > 0 && isWord(parts[0].replacing(".", with: ""))
    }

    private static func isWord(_ text: some StringProtocol) -> Bool {
        text.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 }
    }
}
