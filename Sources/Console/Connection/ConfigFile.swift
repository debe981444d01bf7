import Foundation
import Kernel

/// Where a person's logins are kept: `$XDG_CONFIG_HOME/cloudapi/config.json`, else under `~/.config`. Mode 0600, as it holds credentials.
package struct ConfigFile: Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    package init(environment: [String: String]) {
        let base = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? (environment["HOME"] ?? ".") + "/.config"
        path = base + "/cloudapi/config.json"
    }

    package struct Profile: Sendable, Equatable {
        package var url: String
        package var token: String
        package var email: String?
        /// Of a session, so that `logout` can end it.
        package var session: String?
        package var expiresAt: String?

        package init(url: String, token: String, email: String? = nil, session: String? = nil, expiresAt: String? = nil) {
            self.url = url
            self.token = token
            self.email = email
            self.session = session
            self.expiresAt = expiresAt
        }
    }

    package struct Content: Sendable, Equatable {
        package var current = "default"
        package var profiles: [String: Profile] = [:]

        package init() {}
    }

    /// Empty where there is no file. Throws for one that is not ours, and for one that others may read.
    package func read() throws -> Content {
        guard let bytes = FileManager.default.contents(atPath: path) else { return Content() }
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int ?? 0
        guard mode & 0o077 == 0 else {
            throw RemoteFailure(.failure, "Error: Others can read \(path), which holds credentials. Run chmod 600 \(path).")
        }
        guard let json = try? JSONParser.parse(Array(bytes)), let profiles = json["profiles"]?.members else {
            throw RemoteFailure(.failure, "Error: \(path) cannot be read. Remove it and log in again.")
        }
        var content = Content()
        content.current = json["current"]?.string ?? content.current
        for profile in profiles {
            guard let url = profile.value["url"]?.string, let token = profile.value["token"]?.string else { continue }
            content.profiles[profile.name] = Profile(
                url: url, token: token, email: profile.value["email"]?.string, session: profile.value["session_id"]?.string,
                expiresAt: profile.value["expires_at"]?.string)
        }
        return content
    }

    /// Whole or not at all: a new file takes the old one's place.
    package func write(_ content: Content) throws {
        let folder = NSString(string: path).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let part = "\(path).\(ProcessInfo.processInfo.processIdentifier)"
        let text = Self.json(content).indented + "\n"
        // Nobody else may see it, not even for the moment before its mode is set.
        let descriptor = open(part, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw RemoteFailure(.failure, "Error: \(part) cannot be written.") }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
        guard rename(part, path) == 0 else { throw RemoteFailure(.failure, "Error: \(path) cannot be written.") }
    }

    private static func json(_ content: Content) -> JSON {
        .object([
            .init("current", .string(content.current)),
            .init(
                "profiles",
                .object(
                    content.profiles.sorted { $0.key < $1.key }.map { name, profile in
                        let members: [(String, String?)] = [
                            ("url", profile.url), ("token", profile.token), ("email", profile.email), ("session_id", profile.session),
                            ("expires_at", profile.expiresAt),
                        ]
                        return .init(name, .object(members.compactMap { name, value in value.map { .init(name, .string($0)) } }))
                    })),
        ])
    }
}
