import Kernel
import Outgoing

/// Where a daemon listens, and how it is talked to.
struct DockerEndpoint: Sendable {
    /// Scheme and authority, without a final slash.
    let base: String
    let socket: String?
    let tls: OutgoingTLS?

    /// What is wrong with a connection's settings or secret.
    struct Invalid: Error {
        let violations: [Problem.Violation]

        init(_ violations: [Problem.Violation]) { self.violations = violations }

        init(_ pointer: String, _ code: String, _ detail: String) { violations = [.init(pointer: pointer, code: code, detail: detail)] }
    }

    init(settings: JSON, secret: JSON?) throws(Invalid) {
        guard let value = settings["endpoint"] else { throw Invalid("/settings/endpoint", "required", "is required") }
        guard let text = value.string else { throw Invalid("/settings/endpoint", "type", "must be a string") }
        if text.hasPrefix("unix://") {
            try self.init(socket: String(text.dropFirst("unix://".count)), secret: secret)
        } else if text.hasPrefix("tcp://") {
            try self.init(authority: String(text.dropFirst("tcp://".count)), secret: secret)
        } else {
            throw Invalid("/settings/endpoint", "format", "must begin with unix:// or tcp://")
        }
    }

    private init(socket: String, secret: JSON?) throws(Invalid) {
        guard socket.hasPrefix("/"), socket.utf8.count > 1, socket.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw Invalid("/settings/endpoint", "format", "must name an absolute path, such as unix:///var/run/docker.sock")
        }
        guard secret == nil || secret == .null else { throw Invalid("/secret", "unused", "is not used with a unix socket") }
        self.socket = socket
        self.base = "http://docker"
        self.tls = nil
    }

    private init(authority: String, secret: JSON?) throws(Invalid) {
        let tls = try DockerSettings.tls(secret)
        guard let name = Self.name(authority, defaultPort: tls == nil ? 2375 : 2376) else {
            throw Invalid("/settings/endpoint", "format", "must be a host and a port, such as tcp://10.0.0.5:2376")
        }
        self.socket = nil
        self.base = (tls == nil ? "http://" : "https://") + name
        self.tls = tls
    }

    /// Host and port and nothing else: no user, path, query or fragment, which a reader of the URL might take for something else.
    private static func name(_ authority: String, defaultPort: Int) -> String? {
        let text = authority.hasSuffix("/") ? authority.dropLast() : authority[...]
        let allowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
                true
            default: false
            }
        }
        guard allowed, !text.isEmpty, !text.hasPrefix(":") else { return nil }
        let afterHost = text.lastIndex(of: "]").map { text[text.index(after: $0)...] } ?? text.drop { $0 != ":" }
        guard afterHost.hasPrefix(":") else { return afterHost.isEmpty ? "\(text):\(defaultPort)" : nil }
        guard let port = Int(afterHost.dropFirst()), (1...65_535).contains(port) else { return nil }
        return String(text)
    }
}

/// The shape of a connection's settings and secret.
enum DockerSettings {
    static func unknown(in settings: JSON) -> [Problem.Violation] {
        guard let members = settings.members else { return [.init(pointer: "/settings", code: "type", detail: "must be an object")] }
        return members.filter { $0.name != "endpoint" }.map {
            .init(pointer: "/settings/" + $0.name.escapedForPointer, code: "unknown", detail: "is not known")
        }
    }

    static func tls(_ secret: JSON?) throws(DockerEndpoint.Invalid) -> OutgoingTLS? {
        guard let secret, secret != .null else { return nil }
        guard let members = secret.members else { throw DockerEndpoint.Invalid("/secret", "type", "must be an object") }
        let names = ["ca", "certificate", "key"]
        var wrong = members.filter { !names.contains($0.name) }.map {
            Problem.Violation(pointer: "/secret/" + $0.name.escapedForPointer, code: "unknown", detail: "is not known")
        }
        for name in names where secret[name]?.string == nil {
            wrong.append(
                .init(
                    pointer: "/secret/" + name, code: secret[name] == nil ? "required" : "type",
                    detail: secret[name] == nil ? "is required" : "must be a string"))
        }
        guard wrong.isEmpty else { throw DockerEndpoint.Invalid(wrong) }
        let text = names.map { secret[$0]?.string ?? "" }
        do {
            return try OutgoingTLS(authorities: text[0], certificate: text[1], key: text[2])
        } catch {
            throw DockerEndpoint.Invalid("/secret/" + error.part.member, "invalid", error.reason)
        }
    }
}

extension OutgoingTLS.Part {
    fileprivate var member: String {
        switch self {
        case .authorities: "ca"
        case .certificate: "certificate"
        case .key: "key"
        }
    }
}

extension String {
    /// RFC 6901 §3.
    fileprivate var escapedForPointer: String { replacing("~", with: "~0").replacing("/", with: "~1") }
}
