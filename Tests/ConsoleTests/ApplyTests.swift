import Console
import Kernel
import Testing

@Suite struct `A file to apply` {
    private let yaml = """
        project: Shop
        instances:
          web:
            depends_on: [db]
            labels: {team: shop, tier: "1"}
            spec: {size: s-1, image: debian-12, network_id: front}
          db:
            spec: {size: s-2, image: debian-12, volumes: [{volume_id: data, path: /var/lib}]}
        volumes:
          data: {spec: {size_gib: 10, encrypted: true}}
        networks:
          front: {spec: {}}
        """

    private func entry(_ name: String) throws -> Manifest.Entry {
        try #require(try Manifest(yaml: yaml).entries.first { $0.name == name })
    }

    @Test func `is put into an order in which each comes after what it needs`() throws {
        let manifest = try Manifest(yaml: yaml)
        #expect(manifest.project == "Shop")
        #expect(manifest.entries.map(\.name) == ["front", "data", "db", "web"])
    }

    @Test func `keeps text text, and numbers numbers`() throws {
        #expect(try entry("web").body["labels"] == ["team": "shop", "tier": "1"])
        #expect(try entry("data").body["spec"] == ["size_gib": 10, "encrypted": true])
    }

    @Test(arguments: [
        ("instances: {a: {depends_on: [b]}, b: {depends_on: [a]}}", "circle"), ("machines: {a: {}}", "machines"),
        ("instances: {a: {}}\nvolumes: {a: {}}", "twice"), ("- a", "has none of"), ("a: [", "not YAML"),
        ("instances: {a: 5}", "not an object"),
    ])
    func `is refused with its reason`(yaml: String, reason: String) {
        let failure = #expect(throws: RemoteFailure.self) { try Manifest(yaml: yaml) }
        #expect(failure?.status == .usage)
        #expect(failure?.description.contains(reason) == true, "\(failure?.description ?? "")")
    }

    @Test func `is compared with what is there, and with nothing it does not say`() throws {
        let web = try entry("web")
        let there: JSON = [
            "labels": ["tier": "1", "team": "shop"], "deletion_protection": false, "status": ["phase": "ready"],
            "spec": ["size": "s-1", "image": "debian-12", "power": "running", "network_ids": ["net_1"]],
        ]
        #expect(Plan.step(web, existing: nil) == .create)
        #expect(Plan.step(web, existing: there) == .nothing)
        #expect(Plan.step(web, existing: ["status": ["phase": "deleted"]]) == .create)
        let smaller: JSON = ["labels": ["team": "shop", "tier": "1"], "spec": ["size": "n-1", "image": "debian-12"]]
        #expect(Plan.step(web, existing: smaller) == .change(["spec.size: n-1 → s-1"]))
        let other: JSON = ["labels": ["team": "shop", "tier": "1"], "spec": ["size": "s-1", "image": "alpine-3"]]
        #expect(Plan.step(web, existing: other) == .refused(["image: alpine-3 → debian-12"]))
    }

    @Test func `is sent with ids where it has names`() throws {
        let ids = ["front": "net_1", "data": "vol_1", "db": "inst_1"]
        #expect(
            Plan.body(try entry("web"), project: "proj_1", ids: ids) == [
                "project_id": "proj_1", "depends_on": ["inst_1"], "labels": ["team": "shop", "tier": "1"],
                "spec": ["size": "s-1", "image": "debian-12", "network_id": "net_1"],
            ])
        #expect(
            Plan.body(try entry("db"), project: "proj_1", ids: ids)["spec"]?["volumes"] == [["volume_id": "vol_1", "path": "/var/lib"]])
    }
}
