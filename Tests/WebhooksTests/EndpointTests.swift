import Kernel
import Outgoing
import Server
import TestKit
import Testing
import Webhooks

@Suite struct `A webhook` {
    @Test func `shows its secret once, keeps it sealed, and repeats it only to who made it`() async throws {
        try await PostOffice.run { office in
            let body: JSON = ["url": "https://one.example/hook"]
            let made = try await office.cloud.post("/v1/webhooks", as: office.key, body, headers: ["Idempotency-Key": "k"]).expecting(201)
            let secret = made.text("secret")
            #expect(secret.hasPrefix("whsec_") && made.text("id").hasPrefix("whk_"))
            let again = try await office.cloud.post("/v1/webhooks", as: office.key, body, headers: ["Idempotency-Key": "k"])
            #expect(again.bytes == made.bytes && again.header("Idempotent-Replayed") == "true")
            let read = try await office.cloud.get("/v1/webhooks/\(made.text("id"))", as: office.key).expecting(200)
            let list = try await office.cloud.get("/v1/webhooks", as: office.key).expecting(200)
            #expect(!read.text.contains("whsec_") && !list.text.contains("whsec_") && list.items.count == 1)
            #expect(try !office.cloud.place.fileBytes().contains(String(secret.dropFirst(6))))
        }
    }

    @Test func `signs with both secrets until the overlap of a rotation is over`() async throws {
        try await PostOffice.run { office in
            let endpoint = try await office.endpoint("one")
            let rotated = try await office.cloud.post(
                "/v1/webhooks/\(endpoint.id)/secret", as: office.key, ["overlap_seconds": 60]
            ).expecting(201)
            try await office.happen("During")
            try await office.deliver()
            office.cloud.clock.advance(seconds: 60)
            try await office.happen("After")
            try await office.deliver()
            let letters = office.receivers.letters("one")
            #expect(letters.count == 2)
            #expect(letters[0].isSigned(with: endpoint.secret) && letters[0].isSigned(with: rotated.text("secret")))
            #expect(!letters[1].isSigned(with: endpoint.secret) && letters[1].isSigned(with: rotated.text("secret")))
            #expect(letters[1].header("webhook-signature").split(separator: " ").count == 1)
        }
    }

    @Test(arguments: [
        "https://127.0.0.1/x", "https://10.1.2.3:8443/x", "https://169.254.169.254/latest", "https://[::1]/x", "https://[fd00::1]/x",
        "http://8.8.8.8/x", "ftp://one.example/x", "https://user:secret@one.example/", "https://one.example/a b", "://",
    ]) func `is never made for a place nothing is sent to`(url: String) async throws {
        try await PostOffice.run { office in
            let reply = try await office.cloud.post("/v1/webhooks", as: office.key, ["url": .string(url)])
            #expect(reply.status == 422 && reply.code == "validation_failed", "\(reply.text)")
            #expect(reply["errors"]?.array?.first?["pointer"]?.string == "/url")
        }
    }

    @Test func `may be at a private address, and without TLS, where the operator opened it`() async throws {
        let opened = try #require(AddressRange("127.0.0.0/8"))
        func configure(_ configuration: inout ServerConfiguration) { configuration.allowEgress = [opened] }
        try await PostOffice.run(configure: configure) { office in
            for url in ["http://127.0.0.1:9/x", "https://127.0.0.1/x", "http://one.example/"] {
                _ = try await office.cloud.post("/v1/webhooks", as: office.key, ["url": .string(url)]).expecting(201)
            }
            let other = try await office.cloud.post("/v1/webhooks", as: office.key, ["url": "http://10.0.0.1/"])
            #expect(other.status == 422)
        }
    }

    @Test(arguments: ["", "Project.created", "project.", "*.created", "project.*.x", ".*", "a b"]) func `refuses what is no type of event`(
        pattern: String
    ) async throws {
        try await PostOffice.run { office in
            let reply = try await office.cloud.post(
                "/v1/webhooks", as: office.key, ["url": "https://one.example/", "events": [.string(pattern)]])
            #expect(reply.status == 422, "\(reply.text)")
        }
    }

    @Test func `is changed by whoever saw its last state only`() async throws {
        try await PostOffice.run { office in
            let endpoint = try await office.endpoint("one")
            let etag = try #require(try await office.webhook(endpoint).header("ETag"))
            let changed = try await office.cloud.patch(
                "/v1/webhooks/\(endpoint.id)", as: office.key, ["description": "Ours"], headers: ["If-Match": etag]
            ).expecting(200)
            #expect(changed.text("description") == "Ours" && changed["events"] == ["*"])
            let late = try await office.cloud.patch(
                "/v1/webhooks/\(endpoint.id)", as: office.key, ["description": "Theirs"], headers: ["If-Match": etag])
            #expect(late.status == 412)
        }
    }

    @Test func `belongs to the projects of a credential that has no more, and is seen by no other project`() async throws {
        try await PostOffice.run { office in
            let (cloud, home) = (office.cloud, office.cloud.home)
            let own = try await office.endpoint("own", as: home.projectKey)
            #expect(try await office.webhook(own)["project_ids"] == [.string(home.project.rawValue)])
            let whole = try await office.endpoint("whole")
            let other = try await cloud.post("/v1/projects", as: office.key, ["name": "Other"]).expecting(201).text("id")
            let others = try await office.endpoint("others", [.init("project_ids", [.string(other)])])
            for hidden in [whole.id, others.id] {
                #expect(try await cloud.get("/v1/webhooks/\(hidden)", as: home.projectKey).status == 404)
            }
            #expect(try await cloud.get("/v1/webhooks", as: home.projectKey).ids == [own.id])
            let reach = try await cloud.post(
                "/v1/webhooks", as: home.projectKey, ["url": "https://x.example/", "project_ids": [.string(other)]])
            #expect(reach.status == 422)
            let widened = try await cloud.patch("/v1/webhooks/\(own.id)", as: home.projectKey, ["project_ids": nil]).expecting(200)
            #expect(widened["project_ids"] == [.string(home.project.rawValue)])

            _ = try await cloud.patch("/v1/projects/\(other)", as: office.key, ["description": "x"]).expecting(200)
            _ = try await cloud.patch("/v1/projects/\(home.project)", as: office.key, ["description": "x"]).expecting(200)
            _ = try await cloud.post("/v1/accounts", as: office.key, ["name": "Of nobody"]).expecting(201)
            try await office.deliver()
            #expect(office.receivers.letters("own").map { $0.json["subject"]?.string } == [home.project.rawValue])
            #expect(office.receivers.letters("others").map { $0.json["subject"]?.string } == [other])
        }
    }

    @Test func `is an editor's to change and a viewer's to look at`() async throws {
        try await PostOffice.run { office in
            let endpoint = try await office.endpoint("one")
            let viewer = try await office.cloud.post("/v1/api-keys", as: office.key, ["name": "v", "role": "viewer"]).expecting(201)
            let editor = try await office.cloud.post("/v1/api-keys", as: office.key, ["name": "e", "role": "editor"]).expecting(201)
            #expect(try await office.cloud.get("/v1/webhooks/\(endpoint.id)", as: viewer.text("key")).status == 200)
            #expect(try await office.cloud.delete("/v1/webhooks/\(endpoint.id)", as: viewer.text("key")).status == 403)
            #expect(try await office.cloud.post("/v1/webhooks/\(endpoint.id)/test", as: viewer.text("key")).status == 403)
            #expect(try await office.cloud.delete("/v1/webhooks/\(endpoint.id)", as: editor.text("key")).status == 204)
        }
    }

    @Test func `goes with the sandbox's reset`() async throws {
        try await PostOffice.run { office in
            let made = try await office.endpoint("one", as: office.cloud.home.testKey)
            _ = try await office.cloud.post("/v1/sandbox/reset", as: office.cloud.home.testKey).expecting(200)
            #expect(try await office.cloud.get("/v1/webhooks/\(made.id)", as: office.cloud.home.testKey).status == 404)
            try await office.deliver()
            #expect(office.receivers.letters("one").isEmpty)
        }
    }
}
