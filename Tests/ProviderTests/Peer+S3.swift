import AWS
import Foundation
import Kernel
import Outgoing
import Provider
import Testing

extension Peer {
    /// The server that speaks S3 whose address stands in CLOUDAPI_TEST_MOTO or CLOUDAPI_TEST_SWIFT, with its keys in the same with `_KEY` and
    /// `_SECRET`. moto takes signatures of keys without marks only.
    static func s3(_ variable: String) throws -> Peer {
        let client = try s3Client(variable)
        let environment = ProcessInfo.processInfo.environment
        var peer = Peer(
            driver: S3Driver(outgoing: try outgoing()), settings: ["endpoint": .string(environment[variable] ?? "")],
            secret: [
                "access_key_id": .string(environment[variable + "_KEY"] ?? ""),
                "secret_access_key": .string(environment[variable + "_SECRET"] ?? ""),
            ], image: "", runsCommands: false)
        let isPlain = variable == "CLOUDAPI_TEST_MOTO"
        peer.fill = { _, bucket, names in
            for (index, name) in names.enumerated() { try await client.put(isPlain ? "object-\(index)" : name, into: bucket.name) }
        }
        return peer
    }

    static func s3Client(_ variable: String) throws -> AWSClient {
        let environment = ProcessInfo.processInfo.environment
        guard let endpoint = environment[variable], let key = environment[variable + "_KEY"], let secret = environment[variable + "_SECRET"]
        else { throw Missing(variable: variable) }
        return AWSClient(
            outgoing: try outgoing(), endpoint: AWSEndpoint(region: "us-east-1", custom: endpoint),
            credentials: AWSCredentials(accessKeyID: key, secretAccessKey: secret), role: nil, now: Surroundings.real.now)
    }

    private static func outgoing() throws -> Outgoing {
        Outgoing(allowing: Egress(ranges: [try #require(AddressRange("127.0.0.0/8"))], sockets: []))
    }
}

extension AWSClient {
    /// Puts an object, or makes a bucket when there is no key.
    func put(_ key: String?, into bucket: String) async throws {
        var call = AWSClient.Call(.s3, .put)
        call.path = "/" + bucket + (key.map { "/" + AWSEncoding.path($0) } ?? "")
        if key != nil { call.payload = Array("kept".utf8) }
        _ = try await send(call)
    }
}
