import Foundation
import Kernel
import Outgoing
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A unix socket` {
    @Test func `is reached at the path the operator opened`() async throws {
        try await withFolder { folder in
            try await LoopbackServer.with(socket: folder + "/a.sock") { server in
                let outgoing = Outgoing(allowing: Egress(ranges: [], sockets: [folder + "/a.sock"]))
                let request = OutgoingRequest(.post, "http://docker/v1.41/in?a=%2F", body: Array("body".utf8), socket: folder + "/a.sock")
                #expect(try await outgoing.send(request).wholeBody() == Array("hello".utf8))
                let sent = try #require(await server.nextRequest())
                #expect(sent.hasPrefix("POST /v1.41/in?a=%2F HTTP/1.1\r\n"))
                #expect(sent.contains("host: docker\r\n"))
                #expect(sent.hasSuffix("\r\n\r\nbody"))
            }
        }
    }

    @Test func `is refused when nobody opened it, and not even connected to`() async throws {
        try await withFolder { folder in
            try await LoopbackServer.with(socket: folder + "/a.sock") { server in
                for egress: Egress in [[], [.loopback], Egress(ranges: [], sockets: [folder + "/b.sock", folder, folder + "/a.sock2"])] {
                    let request = OutgoingRequest(.get, "http://docker/", socket: folder + "/a.sock")
                    #expect(await Outgoing(allowing: egress).failure(request) == .refusedSocket(folder + "/a.sock"))
                }
                #expect(server.connections == 0)
            }
        }
    }

    @Test func `is the same by whatever links it is spelt`() async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/real", withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(atPath: folder + "/linked", withDestinationPath: folder + "/real")
            try await LoopbackServer.with(socket: folder + "/real/a.sock") { _ in
                let outgoing = Outgoing(allowing: Egress(ranges: [], sockets: [folder + "/linked/a.sock"]))
                for path in ["/real/a.sock", "/linked/a.sock", "/real/../linked/./a.sock", "//real//a.sock"] {
                    let answer = try await outgoing.send(OutgoingRequest(.get, "http://docker/", socket: folder + path))
                    #expect(answer.status == 200)
                }
            }
        }
    }

    @Test func `is not reached through a link that leads from an opened name's neighbour elsewhere`() async throws {
        try await withFolder { folder in
            try await LoopbackServer.with(socket: folder + "/private.sock") { server in
                try FileManager.default.createSymbolicLink(atPath: folder + "/link.sock", withDestinationPath: folder + "/private.sock")
                let outgoing = Outgoing(allowing: Egress(ranges: [], sockets: [folder + "/opened.sock"]))
                for path in ["/link.sock", "/opened.sock/../private.sock", "/private.sock"] {
                    let request = OutgoingRequest(.get, "http://docker/", socket: folder + path)
                    #expect(await outgoing.failure(request) == .refusedSocket(folder + path))
                }
                #expect(server.connections == 0)
            }
        }
    }

    @Test func `that is opened and not there takes no connection, so that nothing was sent`() async throws {
        try await withFolder { folder in
            let outgoing = Outgoing(allowing: Egress(ranges: [], sockets: [folder + "/a.sock"]))
            let failure = try #require(await outgoing.failure(OutgoingRequest(.get, "http://docker/", socket: folder + "/a.sock")))
            guard case .connectionFailed = failure else { throw failure }
            #expect(failure.nothingWasSent)
        }
    }

    @Test func `whose server is gone takes no connection`() async throws {
        try await withFolder { folder in
            let path = folder + "/a.sock"
            try await LoopbackServer.with(socket: path) { _ in try FileManager.default.linkItem(atPath: path, toPath: folder + "/kept") }
            try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.moveItem(atPath: folder + "/kept", toPath: path)
            let outgoing = Outgoing(allowing: Egress(ranges: [], sockets: [path]))
            let failure = try #require(await outgoing.failure(OutgoingRequest(.get, "http://docker/", socket: path)))
            guard case .connectionFailed = failure else { throw failure }
        }
    }

    @Test(arguments: ["", "a.sock", "./a.sock", "/", "/\0", "/tmp/\n", "/" + String(repeating: "a", count: 200)])
    func `has an absolute path that can be one`(path: String) async throws {
        let request = OutgoingRequest(.get, "http://docker/", socket: path)
        #expect(await Outgoing(allowing: Egress(ranges: [], sockets: [path, "/tmp/a.sock"])).failure(request) == .refusedSocket(path))
        var egress = Egress.none
        let isRead = egress.open("unix:" + path)
        #expect(path == "/" || !isRead)
    }

    @Test func `is not spoken to in TLS`() async throws {
        let failure = try #require(await Outgoing().failure(OutgoingRequest(.get, "https://docker/", socket: "/tmp/a.sock")))
        guard case .invalidURL = failure else { throw failure }
    }
}

@Suite struct `What an operator opens` {
    @Test func `is ranges and sockets`() {
        var egress = Egress.none
        for entry in ["10.0.0.0/8", "::1", "unix:/var/run/docker.sock"] {
            let isRead = egress.open(entry)
            #expect(isRead)
        }
        #expect(egress.ranges.map(\.description) == ["10.0.0.0/8", "::1/128"])
        #expect(egress.sockets == ["/var/run/docker.sock"])
    }

    @Test(arguments: ["", "ten", "unix:", "unix:docker.sock", "unix:///var/run\ndocker.sock", "/var/run/docker.sock", "docker.example"])
    func `is nothing else`(entry: String) {
        var egress = Egress.none
        let isRead = egress.open(entry)
        #expect(!isRead)
        #expect(egress == .none)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A request to opened addresses only` {
    @Test func `goes to one of them`() async throws {
        try await LoopbackServer.with { server in
            let answer = try await Outgoing.local().send(OutgoingRequest(.get, server.url, onlyToOpened: true))
            #expect(answer.status == 200)
        }
    }

    @Test func `is refused where anybody else may go`() async {
        let outgoing = Outgoing.local(lookUp: .always(.example))
        #expect(await outgoing.failure(OutgoingRequest(.get, "http://a.example/", onlyToOpened: true)) == .refusedAddress(.example))
    }
}

/// A folder with a short name, as the path of a socket has room for about a hundred bytes.
func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let name = "/tmp/" + UUID().uuidString.prefix(13)
    try FileManager.default.createDirectory(atPath: name, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: name) }
    return try await body(name)
}
