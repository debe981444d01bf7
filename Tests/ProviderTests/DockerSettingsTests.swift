import Docker
import Kernel
import Outgoing
import Provider
import Testing

@Suite struct `A connection to a daemon` {
    private let driver = DockerDriver(outgoing: Outgoing())

    @Test(arguments: [
        "unix:///var/run/docker.sock", "tcp://10.0.0.5:2375", "tcp://docker.example", "tcp://[fd00::1]:2375", "tcp://a_b-c.example:1",
    ])
    func `needs an endpoint`(endpoint: String) {
        #expect(driver.violations(settings: ["endpoint": .string(endpoint)], secret: nil) == [])
        #expect(driver.violations(settings: ["endpoint": .string(endpoint)], secret: .null) == [])
    }

    @Test(arguments: [
        "", "/var/run/docker.sock", "unix://", "unix:///", "unix://docker.sock", "unix:///a\nb", "http://10.0.0.5:2375", "ssh://docker",
        "tcp://", "tcp://:2375", "tcp://a:0", "tcp://a:65536", "tcp://a:b", "tcp://user@a:2375", "tcp://a:2375/x", "tcp://a?b", "tcp://a#b",
        "tcp://a:1:2", "tcp://ä",
    ])
    func `has an endpoint that can be one`(endpoint: String) {
        let found = driver.violations(settings: ["endpoint": .string(endpoint)], secret: nil)
        #expect(found.map(\.pointer) == ["/settings/endpoint"])
        #expect(throws: (any Error).self) {
            try Peer(driver: driver, settings: ["endpoint": .string(endpoint)], image: "").open(installation: "here")
        }
    }

    @Test func `has no other settings`() {
        let settings: JSON = ["endpoint": "unix:///a", "privileged": true, "a/b~c": 1]
        #expect(driver.violations(settings: settings, secret: nil).map(\.pointer) == ["/settings/privileged", "/settings/a~1b~0c"])
        #expect(driver.violations(settings: [:], secret: nil).map(\.pointer) == ["/settings/endpoint"])
        #expect(driver.violations(settings: ["endpoint": 1], secret: nil).map(\.code) == ["type"])
        #expect(driver.violations(settings: [], secret: nil).map(\.pointer).first == "/settings")
    }

    private static let wrongSecrets: [(String, JSON, [String])] = [
        ("unix:///a", ["ca": "x", "certificate": "x", "key": "x"], ["/secret"]),
        ("tcp://a", [:], ["/secret/ca", "/secret/certificate", "/secret/key"]), ("tcp://a", "text", ["/secret"]),
        ("tcp://a", ["ca": "x", "certificate": 1, "key": "x", "more": 1], ["/secret/more", "/secret/certificate"]),
        ("tcp://a", ["ca": "no PEM", "certificate": "x", "key": "x"], ["/secret/ca"]),
    ]

    @Test(arguments: wrongSecrets)
    func `has a secret of three texts in PEM, for TCP alone`(endpoint: String, secret: JSON, pointers: [String]) {
        #expect(driver.violations(settings: ["endpoint": .string(endpoint)], secret: secret).map(\.pointer) == pointers)
    }

    @Test func `tells nothing of a secret that is wrong`() {
        let secret: JSON = ["ca": "hidden-ca", "certificate": "hidden-certificate", "key": "hidden-key"]
        #expect(!"\(driver.violations(settings: ["endpoint": "tcp://a"], secret: secret))".contains("hidden"))
    }
}

@Suite(.timeLimit(.minutes(10))) struct `What a daemon can do` {
    @Test(arguments: [("Engine", "docker 20.10.24", true), ("Podman Engine", "podman 4.3.1", false)])
    func `is found by asking`(component: String, server: String, canResize: Bool) async throws {
        let version = String(server.drop { $0 != " " }.dropFirst())
        try await ScriptedPeer.Script({ request in
            switch request.path {
            case "/version": .json(200, ["Version": .string(version), "ApiVersion": "1.41", "Components": [["Name": .string(component)]]])
            case "/info": .json(200, ["NCPU": 4, "MemTotal": 8_589_934_592])
            default: canResize ? .json(404, ["message": "No such container: x"]) : .text(404, "Not Found\n")
            }
        }).run { peer in
            let found = try await peer.provider.probe()
            #expect(found.server == server)
            #expect(found.features.contains(.resize) == canResize)
            #expect(found.features.contains(.liveResize) == canResize)
            #expect(found.features.isDisjoint(with: [.userData, .attachVolume, .grow, .volumeSize, .encryption]))
            #expect(found.largest == Capacity(milliCPUs: 4000, memoryMiB: 8192))
        }
    }

    @Test func `is nothing when it is no daemon`() async throws {
        try await ScriptedPeer.Script({ _ in .text(200, "<html>") }).run { peer in
            let error = await peer.provider.failure { provider throws(ProviderError) in _ = try await provider.probe() }
            #expect(error?.kind == .rejected)
        }
    }
}
