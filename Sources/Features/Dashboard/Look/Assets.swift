import Crypto
import HTTPTypes
import Hummingbird
import NIOCore
import Storage

/// The few files a page names, served from memory. Their address carries a digest of what is in them, so a browser keeps them for a year and
/// fetches them anew when they change.
struct Assets: Sendable {
    let style = Asset(path: "/app/style.css", type: "text/css; charset=utf-8", content: Stylesheet.text)
    let script = Asset(path: "/app/app.js", type: "text/javascript; charset=utf-8", content: Script.text)
    let icon = Asset(path: "/app/icon.svg", type: "image/svg+xml", content: Icon.favicon)

    var all: [Asset] { [style, script, icon] }
}

struct Asset: Sendable {
    let path: String
    private let type: String
    private let bytes: [UInt8]
    private let digest: String

    init(path: String, type: String, content: String) {
        self.path = path
        self.type = type
        bytes = Array(content.utf8)
        digest = String(EventLog.hexadecimal(Array(SHA256.hash(data: bytes))).prefix(16))
    }

    var address: String { "\(path)?v=\(digest)" }

    /// Kept for good under its own address only: a page of a newer server may name a file of ours that is to come.
    func response(to request: Request) -> Response {
        let isCurrent = request.uri.query == "v=\(digest)"
        var headers: HTTPFields = [.contentType: type, .eTag: "\"\(digest)\""]
        PageHeaders.add(to: &headers, cacheControl: isCurrent ? "public, max-age=31536000, immutable" : "no-cache")
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
