/// Names of images that mean the same on every cloud, and what a registry calls them.
package struct ImageAliases: Sendable {
    package static let standard = ["debian-12": "debian:12", "ubuntu-24-04": "ubuntu:24.04", "alpine-3": "alpine:3"]

    private let names: [String: String]

    init(_ names: [String: String]) { self.names = names }

    /// Nil when it cannot be the name of an image.
    func image(_ name: String) -> ImageName? { ImageName(names[name] ?? name) }
}

/// `registry/path:tag` or `registry/path@sha256:…`; without either the tag is `latest`, as no tag at all would pull them all.
struct ImageName: Sendable, Equatable {
    let repository: String
    let tag: String?

    init?(_ text: String) {
        guard text.utf8.count <= 512, text.utf8.allSatisfy(Self.isAllowed) else { return nil }
        let lastSlash = text.lastIndex(of: "/") ?? text.startIndex
        if text.contains("@") {
            (repository, tag) = (text, nil)
        } else if let colon = text[lastSlash...].lastIndex(of: ":") {
            (repository, tag) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
        } else {
            (repository, tag) = (text, "latest")
        }
        let parts = repository.split(separator: "/", omittingEmptySubsequences: false)
        guard tag != "", parts.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasPrefix("-") }) else { return nil }
    }

    var reference: String { tag.map { "\(repository):\($0)" } ?? repository }

    /// For a path: the peer's route takes the slashes as they are.
    var segments: [String] { reference.split(separator: "/").map(String.init) }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "._-/:@".utf8.contains(byte)
        }
    }
}
