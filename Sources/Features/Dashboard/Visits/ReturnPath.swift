import Hummingbird
import Web

/// Where signing in leads: one of our own pages, whatever a link says.
struct ReturnPath: Sendable {
    /// Where one lands.
    static let home = "/app/overview"

    let path: String

    /// Takes a path below `/app/` and nothing else: no scheme, no host, no way up or out. Anything but that is the first page.
    init(_ text: String?) {
        guard let text, text.hasPrefix("/app/"), text.utf8.count <= 10_000, !text.hasPrefix("/app/sign-"),
            text.utf8.allSatisfy(Self.isPlain), !text.contains("//"), !text.contains("..")
        else {
            path = Self.home
            return
        }
        path = text
    }

    init(of request: Request) { self.init(request.uri.string) }

    var signInPath: String {
        path == Self.home ? "/app/sign-in" : "/app/sign-in?next=\(PercentEncoding.encode(path))"
    }

    /// Letters, digits and what our own addresses have; no `%`, so nothing hides behind an escape.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        default: "/-_.?=&".utf8.contains(byte)
        }
    }
}
