import ArgumentParser
import Foundation
import Hummingbird
import NIOCore

/// The least a Hummingbird server can do: one route that answers the bytes of a file. What the benchmark holds our own reads against.
@main
struct BareHummingbird: AsyncParsableCommand {
    @Option(help: "Address and port.")
    var listen = "127.0.0.1:8090"
    @Option(help: "The file whose bytes are the answer.")
    var body: String

    func run() async throws {
        let parts = listen.split(separator: ":")
        let bytes = ByteBuffer(bytes: try Data(contentsOf: URL(fileURLWithPath: body)))
        let router = Router()
        router.get("/v1/projects") { _, _ in
            Response(status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: bytes))
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname(String(parts[0]), port: Int(parts[1]) ?? 8090), backlog: 1024))
        try await application.runService()
    }
}
