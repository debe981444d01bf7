import Kernel
import Server
import TestKit
import Testing
import Web

/// Refusals that say more than their text: each member is described, and each answer fits the description.
@Suite struct `A refusal about a resource` {
    @Test func `fits the description of a problem, whatever it adds`() async throws {
        try await Self.inEstate { cloud, estate in
            let (key, project) = (estate.credentials.workspaceLive, estate.outcome.project.rawValue)
            func instance(_ more: [JSON.Member]) -> JSON {
                .object((Estate.draft("more", in: project).members ?? []) + more)
            }
            let volume = "/v1/volumes/" + estate[.volume]
            let running = "/v1/instances/" + estate[.runningInstance]
            let attach: JSON = ["volume_id": .string(estate[.volume]), "path": "/data"]
            _ = try await cloud.post(running + "/actions/attach-volume", as: key, attach).expecting(202)
            _ = try await cloud.patch("/v1/instances/" + estate[.instance], as: key, ["deletion_protection": true]).expecting(200)
            let label = instance([.init("labels", ["a\u{1}\u{7f}b": "x"])])
            let path: JSON = ["volume_id": .string(estate[.volume]), "path": "/../etc"]
            let refusals: [(code: String, member: String?, reply: Reply)] = [
                ("validation_failed", nil, try await cloud.post("/v1/instances", as: key, label)),
                ("validation_failed", nil, try await cloud.post(running + "/actions/attach-volume", as: key, path)),
                ("validation_failed", "minimum", try await cloud.post(volume + "/actions/resize", as: key, ["size_gib": 1])),
                ("in_use", "dependents", try await cloud.delete(volume, as: key)),
                ("name_taken", "existing_id", try await cloud.post("/v1/volumes", as: key, Estate.draft("spare", in: project))),
                (
                    "invalid_state", "phase",
                    try await cloud.patch(
                        "/v1/instances/" + estate[.deletedInstance], as: key, ["spec": ["size": "s-2"]])
                ),
                (
                    "invalid_state", "state",
                    try await cloud.post("/v1/operations/\(estate[.operation])/resolve", as: key, ["decision": "retry"])
                ),
                (
                    "provider_required", "allowed",
                    try await cloud.post(
                        "/v1/instances", as: key, ["name": "more", "project_id": .string(project)])
                ),
                ("deletion_protected", nil, try await cloud.delete("/v1/instances/" + estate[.instance], as: key)),
            ]
            for (code, member, reply) in refusals {
                #expect(reply.code == code, "\(reply.text)")
                #expect(member.map { reply[$0] != nil } ?? true, "\(reply.text)")
                #expect(ProblemWriter.schema.violations(in: reply.json) == [], "\(reply.text)")
            }
        }
    }

    @Test func `fits it as well when a quota or a budget is the reason`() async throws {
        try await Self.inEstate { cloud, estate in
            let (key, project) = (estate.credentials.workspaceLive, estate.outcome.project.rawValue)
            let scope: JSON = ["project_id": .string(project)]
            _ = try await cloud.put("/v1/quotas/networks", as: key, ["limit": 1, "project_id": .string(project)]).expecting(200)
            let full = try await cloud.post("/v1/networks", as: key, Estate.draft("more", in: project))
            #expect(full.code == "quota_exceeded" && full["limit"] == 1, "\(full.text)")
            _ = try await cloud.post("/v1/budgets", as: key, ["name": "tight", "amount": "0.01", "enforced": true, "scope": scope])
            let spent = try await cloud.post("/v1/instances", as: key, Estate.draft("more", in: project))
            #expect(spent.code == "budget_exceeded" && spent["remaining"] != nil, "\(spent.text)")
            for reply in [full, spent] { #expect(ProblemWriter.schema.violations(in: reply.json) == [], "\(reply.text)") }
        }
    }

    @Test(arguments: ["volumes/{id}/actions/attach", "networks/{id}/actions/attach"])
    func `an attach answers what its path names, though the instance does it`(path: String) async throws {
        try await Self.inEstate { cloud, estate in
            let id = path.hasPrefix("volumes") ? estate[.volume] : estate[.network]
            let body: JSON =
                path.hasPrefix("volumes")
                ? ["instance_id": .string(estate[.runningInstance]), "path": "/data"] : ["instance_id": .string(estate[.runningInstance])]
            let reply = try await cloud.post("/v1/" + path.replacing("{id}", with: id), as: estate.credentials.workspaceLive, body)
            #expect(reply.status == 202 && reply.text("id") == id, "\(reply.text)")
            #expect(reply["operation"]?["resource"]?["id"]?.string == estate[.runningInstance], "\(reply.text)")
        }
    }

    private static func inEstate(_ body: @escaping @Sendable (Installation, Estate) async throws -> Void) async throws {
        try await Installation.run { cloud in
            try await body(cloud, try await Estate.make(of: cloud.home, domain: "home.example", in: cloud))
        }
    }
}
