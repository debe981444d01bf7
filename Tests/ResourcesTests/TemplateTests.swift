import Kernel
import Server
import TestKit
import Testing

@Suite struct `A template` {
    private static let variables: JSON = [
        ["name": "size", "type": "string", "default": "s-1", "allowed": ["s-1", "s-2"]],
        ["name": "disk", "type": "integer", "description": "In GiB"],
        ["name": "kept", "type": "boolean", "default": false],
    ]
    private static let resources: JSON = [
        ["key": "data", "kind": "volume", "spec": ["size_gib": "${var.disk}"]],
        [
            "key": "web", "kind": "instance", "labels": ["kept": "is-${var.kept}"],
            "spec": ["size": "${var.size}", "env": ["TOKEN": "hush"], "volumes": [["volume_id": "${data.id}", "path": "/data"]]],
        ],
    ]

    private static func made(_ cloud: Cloud, _ name: String = "shop") async throws -> Reply {
        try await cloud.post(
            "/v1/templates",
            ["name": .string(name), "description": "A shop", "variables": variables, "resources": resources]
        ).expecting(201)
    }

    @Test func `makes stacks that differ in what it leaves open`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let template = try await Self.made(cloud)
            #expect(template["variables"]?.array?.compactMap { $0["required"] } == [false, true, false])
            for (name, disk, size) in [("north", 20, "s-2"), ("south", 30, "s-1")] {
                let given: JSON = ["disk": JSON(disk), "size": .string(size)]
                let plan = try await cloud.plan(named: name, from: template, given).expecting(201)
                #expect(plan.actions == ["data": "create", "web": "create"])
                _ = try await cloud.apply(plan).expecting(202)
                try await cloud.carryOut()
                #expect(try await cloud.get("/v1/volumes/\(name)-data").spec("size_gib") == JSON(disk))
                let web = try await cloud.get("/v1/instances/\(name)-web").expecting(200)
                #expect(web.power == "running" && web.spec("size") == .string(size) && web["labels"]?["kept"] == "is-false")
                let stack = try await cloud.get("/v1/stacks/\(plan.text("stack_id"))").expecting(200)
                #expect(stack["template"] == ["id": .string(template.text("id")), "version": 1])
            }
        }
    }

    @Test func `says of each variable what is wrong with it, and plans nothing`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let template = try await Self.made(cloud)
            let wrong = try await cloud.plan(named: "north", from: template, ["size": "s-4", "kept": "yes", "colour": "red"])
            #expect(wrong.status == 422 && wrong.code == "validation_failed")
            let errors = wrong["errors"]?.array ?? []
            #expect(
                Set(errors.compactMap { $0["pointer"]?.string }) == [
                    "/variables/colour", "/variables/size", "/variables/disk", "/variables/kept",
                ])
            #expect(Set(errors.compactMap { $0["code"]?.string }) == ["unknown_variable", "not_allowed", "required", "type"])
            let both: JSON = [
                "name": "north", "project_id": .string(cloud.project), "template_id": .string(template.text("id")), "resources": .array([]),
            ]
            #expect(try await cloud.post("/v1/plans", both).status == 422)
            #expect(try await cloud.get("/v1/plans").items.isEmpty)
        }
    }

    @Test func `reaches a stack with its new version by a plan, which keeps what the stack was given`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let template = try await Self.made(cloud)
            let first = try await cloud.plan(named: "north", from: template, ["disk": 20, "size": "s-2"]).expecting(201)
            _ = try await cloud.apply(first).expecting(202)
            try await cloud.carryOut()
            let path = "/v1/templates/\(template.text("id"))"
            let longer = Self.resources.array! + [["key": "net", "kind": "network"]]
            let etag = ["if-match": template.header("etag") ?? ""]
            let changed = try await cloud.patch(path, ["resources": .array(longer)], headers: etag).expecting(200)
            #expect(changed["version"] == 2 && changed["variables"] == template["variables"])
            #expect(try await cloud.patch(path, ["name": "other"], headers: etag).status == 412)
            let next = try await cloud.plan(named: "north", from: template).expecting(201)
            #expect(next.actions == ["data": "noop", "web": "noop", "net": "create"])
            _ = try await cloud.apply(next).expecting(202)
            try await cloud.carryOut()
            let stack = "/v1/stacks/\(first.text("stack_id"))"
            #expect(try await cloud.get(stack)["template"]?["version"] == 2)
            _ = try await cloud.delete(path).expecting(204)
            #expect(try await cloud.get(stack).expecting(200)["template"]?["version"] == 2)
            // Written out anew it is nobody's.
            #expect(try await cloud.patch(stack, ["resources": .array([])]).expecting(200)["template"] == .null)
            for type in ["template.created", "template.updated", "template.deleted"] { #expect(try await cloud.events(type) == 1) }
        }
    }

    @Test func `that contradicts itself is refused, and one that is kept hides what may be secret`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            func draft(_ variable: JSON, _ text: String = "${var.x}") -> JSON {
                [
                    "name": "t", "variables": [variable],
                    "resources": [["key": "web", "kind": "instance", "spec": ["size": .string(text)]]],
                ]
            }
            let wrong: [(JSON, code: String)] = [
                (draft(["name": "x", "type": "integer", "default": "one"]), "validation_failed"),
                (draft(["name": "x", "type": "string", "default": "c", "allowed": ["a", "b"]]), "validation_failed"),
                (draft(["name": "x", "type": "boolean", "allowed": [1]]), "validation_failed"),
                (draft(["name": "x}", "type": "string"]), "validation_failed"),
                (draft(["name": "y", "type": "string"]), "invalid_reference"),
                (draft(["name": "x", "type": "string"], "${net.id}"), "invalid_reference"),
                (draft(["name": "x", "type": "text"]), "validation_failed"),
            ]
            for (body, code) in wrong { #expect(try await cloud.post("/v1/templates", body).code == code, "\(body)") }
            let template = try await Self.made(cloud)
            #expect(try await cloud.post("/v1/templates", ["name": "shop"]).expecting(409).code == "name_taken")
            let read = try await cloud.get("/v1/templates/\(template.text("id"))").expecting(200)
            #expect(!read.text.contains("hush") && read.text.contains("(sealed)"))
            #expect(try await cloud.get("/v1/templates?name=shop&sort=name").ids == [template.text("id")])
        }
    }

    @Test func `of the workspace is seen by all its projects and changed by its editors; one of a project is its own`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let common = try await Self.made(cloud)
            let body: JSON = ["name": "shop", "project_id": .string(cloud.project)]
            let own = try await cloud.post("/v1/templates", body).expecting(201)
            let key = installation.home.projectKey
            #expect(try await Set(installation.get("/v1/templates", as: key).ids) == [common.text("id"), own.text("id")])
            #expect(try await cloud.get("/v1/templates?project_id=\(cloud.project)").ids == [own.text("id")])
            #expect(try await installation.delete("/v1/templates/\(common.text("id"))", as: key).status == 403)
            let theirs = try await installation.post("/v1/templates", as: key, ["name": "mine"]).expecting(201)
            #expect(theirs["project_id"] == .string(cloud.project))
            let other = try await cloud.post("/v1/projects", ["name": "Other"]).expecting(201).text("id")
            let foreign = try await cloud.post("/v1/templates", ["name": "theirs", "project_id": .string(other)]).expecting(201).text("id")
            #expect(try await installation.get("/v1/templates/\(foreign)", as: key).status == 404)
            let plan: JSON = ["name": "x", "template_id": .string(foreign)]
            #expect(try await installation.post("/v1/plans", as: key, plan).status == 404)
        }
    }
}

extension Cloud {
    fileprivate func plan(named name: String, from template: Reply, _ variables: JSON = .object([])) async throws -> Reply {
        try await post(
            "/v1/plans",
            [
                "name": .string(name), "project_id": .string(project), "template_id": .string(template.text("id")),
                "variables": variables,
            ])
    }
}
