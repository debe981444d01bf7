import Kernel
import Provider
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Whatever is ordered` {
    private static let members: Set<String> = ["Image", "Env", "Labels", "HostConfig", "Cmd", "NetworkingConfig"]
    private static let hostMembers: Set<String> = [
        "NanoCpus", "Memory", "MemorySwap", "PidsLimit", "SecurityOpt", "RestartPolicy", "Mounts", "NetworkMode",
        "CgroupnsMode",
    ]

    @Test func `no container gets privileges, devices, capabilities, or anything of the host`() async throws {
        try await ScriptedPeer.Script({ request in
            switch request.line {
            case "GET /networks": .json(200, Self.network(named: request.query["filters"] ?? ""))
            case let line where line.hasPrefix("GET /volumes/"):
                .json(200, Self.volume(named: String(line.dropFirst("GET /volumes/".count))))
            case "POST /containers/create": .json(201, ["Id": "c0ffee"])
            default: .text(200, "")
            }
        }).run { peer in
            var generator = Dice(state: 7)
            for _ in 1...500 { _ = try? await peer.provider.create(Self.order(&generator)) }
            let bodies = peer.requests.filter { $0.path == "/containers/create" }.map(\.body)
            #expect(bodies.count > 100)
            for body in bodies { try Self.check(body) }
        }
    }

    private static func check(_ body: JSON) throws {
        let host = try #require(body["HostConfig"]?.members)
        #expect(Set(try #require(body.members).map(\.name)).isSubset(of: members))
        #expect(Set(host.map(\.name)).isSubset(of: hostMembers))
        #expect(body["HostConfig"]?["SecurityOpt"] == ["no-new-privileges"])
        #expect(body["HostConfig"]?["RestartPolicy"] == ["Name": "no"])
        #expect(body["HostConfig"]?["CgroupnsMode"] == "private")
        #expect((body["HostConfig"]?["PidsLimit"]?.integer ?? 0) > 0)
        #expect(body["HostConfig"]?["Memory"]?.integer == body["HostConfig"]?["MemorySwap"]?.integer)
        for mount in body["HostConfig"]?["Mounts"]?.array ?? [] {
            #expect(Set(try #require(mount.members).map(\.name)) == ["Type", "Source", "Target"])
            #expect(mount["Type"] == "volume")
            #expect(mount["Source"]?.string?.hasPrefix("cloudapi-") == true)
            #expect(mount["Source"]?.string?.contains("/") == false)
        }
        if let mode = body["HostConfig"]?["NetworkMode"]?.string { #expect(mode.hasPrefix("cloudapi-") && !mode.contains(":")) }
        for endpoint in body["NetworkingConfig"]?["EndpointsConfig"]?.members ?? [] {
            #expect(endpoint.name == body["HostConfig"]?["NetworkMode"]?.string)
            #expect(endpoint.value == [:])
        }
        let labels = try #require(body["Labels"]?.members)
        #expect(labels.filter { !$0.name.hasPrefix("cloudapi.label.") }.count == 3)
        #expect(body["Labels"]?["cloudapi.installation"] == "here")
    }

    // What somebody might try.
    private static let words = [
        "Privileged", "HostConfig", "host", "container:1", "/", "/etc", "/var/run/docker.sock", "CapAdd", "Devices", "Binds", "../..",
        "true",
        "PidMode", "UsernsMode", "\",\"Privileged\":true,\"", "a", "vol_1", "net_1", "SYS_ADMIN", "\u{1}", "ü", "cloudapi.installation", "",
    ]

    private static func order(_ generator: inout Dice) -> Order {
        func word() -> String { words[Int(generator.next() % UInt64(words.count))] }
        func some<Value>(_ make: () -> Value) -> [Value] { (0..<Int(generator.next() % 4)).map { _ in make() } }
        func plain(_ prefix: String) -> String { generator.next() % 3 == 0 ? word() : "\(prefix)_\(generator.next() % 100)" }
        let image = generator.next() % 3 == 0 ? word() : "busybox:1"
        let command = some(word)
        let environment = Dictionary(some { (word(), word()) }, uniquingKeysWith: { one, _ in one })
        let networks = some { Subject(kind: .network, id: plain("net"), reference: word()) }
        let volumes = some { Mount(volume: Subject(kind: .volume, id: plain("vol"), reference: word()), path: word()) }
        let labels = Dictionary(some { (word(), word()) }, uniquingKeysWith: { one, _ in one })
        return Order(
            subject: Subject(kind: .instance, id: plain("inst")), token: word(),
            blueprint: .instance(
                InstanceBlueprint(
                    size: Capacity(milliCPUs: Int(generator.next() % 100_000), memoryMiB: Int(generator.next() % 1_000_000)), image: image,
                    command: command, environment: environment, networks: networks, volumes: volumes)), labels: labels)
    }

    /// A daemon that says of every name that it is ours.
    private static func volume(named name: String) -> JSON {
        ["Name": .string(name), "Labels": Shown.labels(name.replacing("cloudapi-", with: "").replacing("vol-", with: "vol_"))]
    }

    private static func network(named filter: String) -> JSON {
        let name = (try? JSONParser.parse(Array(filter.utf8)))?["name"]?.array?.first?.string ?? ""
        let id = name.replacing("cloudapi-", with: "").replacing("net-", with: "net_")
        return [["Id": "n", "Name": .string(name), "Labels": Shown.labels(id)]]
    }
}

/// SplitMix64: the same orders in every run.
private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}
