import Kernel
import Resources
import Server
import TestKit
import Testing

@Suite struct `Connections that share the engine` {
    @Test func `each get their turn: hundreds of one keep nobody else waiting`() async throws {
        try await Installation.run { installation in
            let busy = try await Cloud.connect(installation)
            for number in 1...300 {
                _ = try await busy.post("/v1/volumes", busy.body("v-\(number)", ["size_gib": 1], [.init("provider", "sim")])).expecting(201)
            }
            installation.clock.advance(seconds: 1)
            let quiet = try await Cloud.connect(installation, name: "other")
            let made = try await quiet.post("/v1/volumes", quiet.body("mine", ["size_gib": 1], [.init("provider", "other")])).expecting(201)
            let started = try await installation.moving { try await installation.parts.engine.runDue() }
            let mine = try await quiet.get("/v1/volumes/\(made.text("id"))").expecting(200)
            #expect(mine["status"]?["phase"] == "ready")
            #expect(started == 33, "as many of the busy one as a connection may have, and the other's")
            try await installation.settle()
            #expect(try await busy.get("/v1/operations?state=queued").expecting(200).items.isEmpty)
        }
    }
}
