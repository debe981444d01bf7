import HTTPTypes
import Hummingbird
import Kernel
import NIOCore
import Storage
import Synchronization
import Web

/// What an operator and a client generator read: health, readiness, metrics and the API's own description.
struct OperationsRoutes {
    let parts: Parts
    let metrics: ServerMetrics
    let document: OpenAPIDocument

    func add(to router: Router<RequestScope>) {
        router.get("/healthz") { _, _ in text("ok\n") }
        router.get("/readyz") { _, _ in await readiness() }
        router.get("/metrics") { _, _ in
            do {
                return text(try await metrics.exposition(parts), type: "text/plain; version=0.0.4; charset=utf-8")
            } catch {
                return text("the database cannot be read\n", status: .serviceUnavailable)
            }
        }
        let openAPI = WrittenDocument(document)
        router.get("/openapi.json") { _, _ in
            Response(status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: openAPI.bytes))
        }
    }

    /// Ready means that a request could be answered now: the database can be read.
    private func readiness() async -> Response {
        do {
            _ = try await parts.store.read { try CredentialRevision.current($0) }
            return text("ready\n")
        } catch {
            return text("the database cannot be read\n", status: .serviceUnavailable)
        }
    }

    private func text(_ text: String, status: HTTPResponse.Status = .ok, type: String = "text/plain; charset=utf-8") -> Response {
        Response(status: status, headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

/// The description as bytes, from when it is first asked for: writing it takes longer than all else that a start does.
private final class WrittenDocument: Sendable {
    private let document: OpenAPIDocument
    private let written = Mutex<ByteBuffer?>(nil)

    init(_ document: OpenAPIDocument) { self.document = document }

    var bytes: ByteBuffer {
        written.withLock { written in
            if let written { return written }
            let bytes = ByteBuffer(bytes: document.json.bytes)
            written = bytes
            return bytes
        }
    }
}
