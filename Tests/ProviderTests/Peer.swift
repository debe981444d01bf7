import AWS
import Docker
import Foundation
import Kernel
import Outgoing
import Provider

/// A cloud that the conformance suite is run against.
struct Peer: Sendable {
    let driver: any ProviderDriver
    let settings: JSON
    var secret: JSON?
    /// An image that is there; its shell runs what an order's command says, when `runsCommands`.
    let image: String
    var runsCommands = true
    /// Of the instances; enough for the image.
    var size = Capacity(milliCPUs: 500, memoryMiB: 64)
    var largerSize = Capacity(milliCPUs: 1000, memoryMiB: 128)
    var surroundings = Surroundings.real
    /// Waits a little, between two looks at what has yet to happen.
    var pause: @Sendable () async throws -> Void = { try await Task.sleep(for: .milliseconds(50)) }

    /// Puts objects of these names into a bucket, as its users do; nil where there are no buckets.
    var fill: (@Sendable (any Provider, Subject, [String]) async throws -> Void)?

    func open(installation: String) throws -> any Provider {
        let tenant = Tenant(workspace: WorkspaceID("wsp_conformance"), mode: .live)
        return try driver.open(
            ProviderAccount(
                tenant: tenant, id: "con_conformance", installation: installation, settings: settings, secret: secret,
                surroundings: surroundings))
    }
}

extension Peer {
    /// The daemon whose endpoint stands in CLOUDAPI_TEST_DOCKER or CLOUDAPI_TEST_PODMAN, with an image named in the same with `_IMAGE`.
    static func daemon(_ variable: String) throws -> Peer {
        let environment = ProcessInfo.processInfo.environment
        guard let endpoint = environment[variable], endpoint.hasPrefix("unix://") else { throw Missing(variable: variable) }
        let egress = Egress(ranges: [], sockets: [String(endpoint.dropFirst("unix://".count))])
        return Peer(
            driver: DockerDriver(outgoing: Outgoing(allowing: egress)), settings: ["endpoint": .string(endpoint)],
            image: environment[variable + "_IMAGE"] ?? "cp-busybox")
    }

    /// The server whose address stands in CLOUDAPI_TEST_MOTO, with the keys in the same with `_KEY` and `_SECRET`.
    static func moto() throws -> Peer {
        let environment = ProcessInfo.processInfo.environment
        guard let endpoint = environment["CLOUDAPI_TEST_MOTO"], let key = environment["CLOUDAPI_TEST_MOTO_KEY"],
            let secret = environment["CLOUDAPI_TEST_MOTO_SECRET"], let loopback = AddressRange("127.0.0.0/8")
        else { throw Missing(variable: "CLOUDAPI_TEST_MOTO") }
        return Peer(
            driver: AWSDriver(outgoing: Outgoing(allowing: [loopback])),
            settings: ["region": "us-east-1", "endpoint": .string(endpoint)],
            secret: ["access_key_id": .string(key), "secret_access_key": .string(secret)], image: "ami-1e749f67", runsCommands: false)
    }

    /// Whether a daemon's rules run: it is there, or somebody insists that it is.
    static func isWanted(_ variable: String) -> Bool {
        let environment = ProcessInfo.processInfo.environment
        return environment[variable] != nil || environment["CLOUDAPI_TEST_PEERS_REQUIRED"] == "1"
    }

    struct Missing: Error, CustomStringConvertible {
        let variable: String
        var description: String { "\(variable) names no peer, such as unix:///var/run/docker.sock; `make test-peers` starts them." }
    }
}
