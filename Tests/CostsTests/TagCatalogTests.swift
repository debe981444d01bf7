import Kernel
import Server
import TestKit
import Testing

@Suite struct `Tag catalogs` {
    private static let tags: JSON = [["key": "team", "value": "payments"], ["key": "env", "value": "prod"]]

    @Test func `are read by key as documented, and by id`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let made = try await cloud.post("/v1/tag-catalogs", as: key, ["catalog_key": "payments-repo", "tags": Self.tags]).expecting(201)
            let expected: JSON = ["tags": [["Key": "team", "Value": "payments"], ["Key": "env", "Value": "prod"]]]
            for name in ["payments-repo", made.text("id")] {
                let reply = try await cloud.get("/tag-catalog?catalog_key=" + name, headers: ["X-API-Key": key])
                #expect(reply.status == 200 && reply.json == expected)
            }
            #expect(try await cloud.get("/tag-catalog?catalog_key=none", as: key).status == 404)
            #expect(try await cloud.get("/tag-catalog", as: key).status == 400)
            #expect(try await cloud.get("/tag-catalog?catalog_key=", as: key).status == 400)
            #expect(try await cloud.get("/tag-catalog/ecr-credentials", as: key).status == 404)
            #expect(try await cloud.get("/tag-catalog?catalog_key=payments-repo", as: cloud.home.testKey).status == 404)
        }
    }

    @Test func `are made, changed, listed and deleted`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let made = try await cloud.post("/v1/tag-catalogs", as: key, ["tags": Self.tags, "name": "Payments"]).expecting(201)
            #expect(made.text("catalog_key").hasPrefix("catalog-") && made["tags"] == Self.tags)
            let path = "/v1/tag-catalogs/" + made.text("id")
            let changed = try await cloud.patch(path, as: key, ["catalog_key": "payments", "tags": []]).expecting(200)
            #expect(changed["tags"] == [] && changed.text("name") == "Payments" && changed.text("catalog_key") == "payments")
            #expect(try await cloud.post("/v1/tag-catalogs", as: key, ["catalog_key": "payments", "tags": []]).code == "name_taken")
            #expect(try await cloud.delete(path, as: key, headers: ["If-Match": made.header("ETag") ?? ""]).status == 412)
            #expect(try await cloud.get("/v1/tag-catalogs", as: key).ids == [made.text("id")])
            _ = try await cloud.delete(path, as: key).expecting(204)
            #expect(try await cloud.get(path, as: key).status == 404)
        }
    }
}
