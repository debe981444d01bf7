import Alerts
import Audit
import Crypto
import Foundation
import Kernel
import Server
import Storage
import TestKit
import Testing

@Suite struct `A compliance report` {
    @Test func `has the sections there is data for, and names the others as gaps`() async throws {
        try await Installation.run { cloud in
            try await cloud.live()
            let report = try await cloud.report().expecting(201)
            #expect(report["framework"] == "soc2" && report.header("Location") == "/v1/compliance/reports/\(report.text("id"))")
            let sections = report["manifest"]?["sections"]?.array ?? []
            let rows = Dictionary(sections.map { ($0["name"]?.string ?? "", $0["rows"]?.integer ?? -1) }, uniquingKeysWith: { $1 })
            for name in [
                "change_log", "key_inventory", "access_review", "resource_inventory", "exceptions", "protection", "incidents", "integrity",
            ] {
                #expect(rows[name] ?? 0 > 0, "\(name)")
            }
            for section in sections where section["status"] == "no_data" {
                #expect(section["rows"] == 0 && section["gaps"]?.array?.isEmpty == false)
            }
            let missing = Set(sections.filter { $0["status"] == "no_data" }.compactMap { $0["name"]?.string })
            #expect(rows["oauth_client_inventory"] == 0)
            #expect(missing == ["failed_access"] && rows["exposure"] == 0)
            #expect(sections.allSatisfy { $0["criteria"]?.array?.isEmpty == false && $0["sha256"]?.string?.count == 64 })
            let head = try #require(
                try await cloud.store.read { try EventLog.events(in: cloud.tenant, .init(limit: 2, newestFirst: true), $0) }.last)
            #expect(report["manifest"]?["chain"]?["to_seq"]?.integer == head.sequence)
            #expect(report["manifest"]?["chain"]?["to_hash"]?.string == EventLog.hexadecimal(head.hash))
            #expect(try await cloud.events("type=compliance.reported").count == 1)
        }
    }

    @Test func `gives the same bytes again but for the time it was made, and its JSON is checked by itself`() async throws {
        try await Installation.run { cloud in
            try await cloud.live()
            let first = try await cloud.report().expecting(201)
            let content = try await cloud.content(first)
            let moment = first.text("generated_at")
            cloud.clock.advance(seconds: 3600)
            try await cloud.note("later")
            let second = try await cloud.report(from: first.text("from"), to: first.text("to")).expecting(201)
            #expect(second["signature"] == first["signature"] && second["manifest"] == first["manifest"])
            #expect(try await cloud.content(second).replacing(second.text("generated_at"), with: moment) == content)

            let file = try ReportFile(checking: Array(content.utf8))
            #expect(file.tenant == cloud.tenant && file.to.sequence == first["manifest"]?["chain"]?["to_seq"]?.integer)
            let key = try await cloud.get("/v1/audit/keys", as: cloud.home.liveKey).items.first
            #expect(key?["public_key"]?.string == Data(file.publicKey).base64EncodedString())
            let name = "\"name\":\"api\""
            #expect(content.contains(name))
            for (one, other) in [
                (name, "\"name\":\"apj\""), ("\"rows\":[\n", "\"rows\":[\n{},\n"), ("\"soc2\"", "\"soc3\""),
                ("{\"name\":\"failed_access\",\"rows\":[]}", "{\"name\":\"failed_accesz\",\"rows\":[]}"),
            ] {
                let forged = content.replacing(one, with: other, maxReplacements: 1)
                #expect(forged != content)
                #expect(throws: ReportFile.Finding.self) { try ReportFile(checking: Array(forged.utf8)) }
            }
        }
    }

    @Test func `that was signed before its sections had more is made again as it was, and still checks`() async throws {
        try await Installation.run { cloud in
            try await cloud.live()
            _ = try await cloud.post(
                "/v1/policies", as: cloud.home.liveKey, ["name": "Shut", "rule": ["type": "no_public_buckets"]]
            ).expecting(201)
            cloud.clock.advance(seconds: 1)
            let report = try await cloud.report().expecting(201)
            let versions = (report["manifest"]?["sections"]?.array ?? []).map { ($0["name"]?.string ?? "", $0["version"]?.integer ?? 0) }
            #expect(versions.contains { $0 == ("change_log", 2) } && versions.contains { $0 == ("exposure", 2) })
            #expect(versions.contains { $0 == ("key_inventory", 1) })
            try await cloud.age(report)
            let content = Array(try await cloud.content(report).utf8)
            let file = try ReportFile(checking: content)
            #expect(file.sections.contains { $0.name == "exposure" && $0.rows == 0 })
            let sections = try JSONParser.parse(content)["sections"]?.array ?? []
            func rows(_ name: String) -> [JSON] { sections.first { $0["name"]?.string == name }?["rows"]?.array ?? [] }
            #expect(!rows("change_log").isEmpty && rows("change_log").allSatisfy { $0["plan_id"] == nil })
            #expect(rows("exceptions").map { $0["type"] } == ["budget.created"])
            let path = "/v1/compliance/reports/\(report.text("id"))/content"
            let table = try await cloud.get(path + "?format=csv&section=change_log", as: cloud.home.liveKey).expecting(200).text
            #expect(table.hasPrefix("seq,at,type,") && !table.prefix { $0 != "\r\n" }.contains("plan_id"))
        }
    }

    @Test func `tells of keys, people, resources and incidents as they were at its end`() async throws {
        try await Installation.run { cloud in
            try await cloud.live()
            let report = try await cloud.report().expecting(201)
            let before = try #require(try JSONParser.parse(Array(try await cloud.content(report).utf8))["sections"]?.array)
            func rows(_ name: String) -> [JSON] { before.first { $0["name"]?.string == name }?["rows"]?.array ?? [] }
            let key = try #require(rows("key_inventory").first { $0["name"] == "reader" })
            #expect(
                key["flags"]?.array?.compactMap(\.string) == ["never_changed_anything", "no_expiry"] && key["scopes"] == ["projects:read"])
            let person = try #require(rows("access_review").first { $0["reach"]?.string?.hasPrefix("proj_") == true })
            #expect(person["role"] == "viewer" && person["dormant"] == false && person["granted_by"]?.string?.isEmpty == false)
            let network = try #require(rows("resource_inventory").first)
            #expect(
                network["name"] == "api" && network["owner"] == "core" && network["provider"] == "simulator" && network["phase"] == "ready")
            #expect(network["deletion_protection"] == true && rows("protection").first?["what"] == "protected")
            #expect(rows("exceptions").first?["type"] == "budget.created")
            #expect(rows("incidents").first?["state"] == "open" && rows("incidents").first?["rule"] == "resource_count >= 1")
            #expect(rows("integrity").first?["result"] == "verified")
            let change = try #require(rows("change_log").first { $0["type"] == "network.updated" && $0["before_sha256"]?.string != nil })
            #expect(change["fields"] == ["deletion_protection"] && change["name"] == "api" && change["ip_digest"] != nil)

            let whole = try await cloud.report(from: "2026-03-01T00:00:00Z", to: "2026-03-01T00:00:01Z").expecting(201)
            let none = try JSONParser.parse(Array(try await cloud.content(whole).utf8))["sections"]?.array ?? []
            #expect(none.allSatisfy { $0["name"] == "integrity" || $0["rows"]?.array?.isEmpty == true })
        }
    }

    @Test func `counts a volume that was deleted and came back`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            _ = try await cloud.moving {
                try await cloud.post("/v1/connections", as: key, ["name": "sim", "provider": "simulator", "settings": ["latency_ms": 0]])
            }.expecting(201)
            let body: JSON = ["name": "data", "project_id": .string(cloud.home.project.rawValue)]
            _ = try await cloud.post("/v1/volumes", as: key, body).expecting(201)
            try await cloud.settle()
            for (method, path) in [("DELETE", ""), ("POST", "/undelete"), ("DELETE", ""), ("DELETE", "?purge=true")] {
                let call = "/v1/volumes/data" + path
                let answer = method == "POST" ? try await cloud.post(call, as: key) : try await cloud.delete(call, as: key)
                _ = try answer.expecting(202)
                try await cloud.settle()
            }
            cloud.clock.advance(seconds: 1)
            let content = try await cloud.content(try await cloud.report().expecting(201))
            let sections = try #require(try JSONParser.parse(Array(content.utf8))["sections"]?.array)
            let rows = sections.first { $0["name"] == "protection" }?["rows"]?.array ?? []
            #expect(rows.map { $0["what"] } == ["deleted", "undeleted", "deleted", "purged"])
            #expect(rows.allSatisfy { $0["name"] == "data" })
        }
    }

    @Test func `lists what was open to everybody or unencrypted, and how long`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            func make(_ kind: String, _ name: String, _ spec: JSON) async throws -> String {
                let body: JSON = ["name": .string(name), "project_id": .string(cloud.home.project.rawValue), "spec": spec]
                let made = try await cloud.moving { try await cloud.post("/v1/\(kind)", as: key, body) }.expecting(201).text("id")
                try await cloud.settle()
                return made
            }
            _ = try await cloud.moving {
                try await cloud.post("/v1/connections", as: key, ["name": "sim", "provider": "simulator", "settings": ["latency_ms": 0]])
            }.expecting(201)
            let bucket = try await make("buckets", "site", ["public": true, "encryption": true])
            _ = try await make("buckets", "vault", ["encryption": true])
            let volume = try await make("volumes", "plain", ["size_gib": 1, "encrypted": false])
            let rule: JSON = ["direction": "ingress", "protocol": "tcp", "ports": ["20-25", "443"], "cidrs": ["0.0.0.0/0"]]
            let wall = try await make("firewalls", "wall", ["rules": [rule]])
            cloud.clock.advance(seconds: 3 * 3600)
            _ = try await cloud.moving { try await cloud.patch("/v1/buckets/\(bucket)", as: key, ["spec": ["public": false]]) }
                .expecting(202)
            try await cloud.settle()
            let closing = cloud.clock.now.description
            cloud.clock.advance(seconds: 2 * 3600)
            func rows(from: String) async throws -> [JSON] {
                let report = try await cloud.report(from: from).expecting(201)
                let sections = try JSONParser.parse(Array(try await cloud.content(report).utf8))["sections"]?.array ?? []
                return sections.first { $0["name"] == "exposure" }?["rows"]?.array ?? []
            }
            let all = try await rows(from: "2026-03-01T00:00:00Z")
            #expect(all.compactMap { $0["what"]?.string } == ["public_bucket", "unencrypted_volume", "open_port"])
            #expect(all.compactMap { $0["subject"]?.string } == [bucket, volume, wall])
            #expect(all.map { $0["open_hours"] } == [3, 5, 5])
            #expect(all[0]["closed_at"]?.string != nil && all[0]["name"] == "site" && all[1]["closed_at"] == .null)
            #expect(all[2]["detail"] == "tcp 22 from 0.0.0.0/0")
            // A deleted volume is kept with its data until it is purged.
            _ = try await cloud.moving { try await cloud.delete("/v1/volumes/\(volume)", as: key) }.expecting(202)
            try await cloud.settle()
            cloud.clock.advance(seconds: 1)
            #expect(try await rows(from: "2026-03-01T00:00:00Z").count { $0["closed_at"] == .null } == 2)
            _ = try await cloud.moving { try await cloud.delete("/v1/volumes/\(volume)?purge=true", as: key) }.expecting(202)
            try await cloud.settle()
            cloud.clock.advance(seconds: 1)
            #expect(try await rows(from: "2026-03-01T00:00:00Z").count { $0["closed_at"] == .null } == 1)
            // What was closed before a period is not part of it.
            let later = try #require(Timestamp(closing)).adding(seconds: 60).description
            #expect(try await rows(from: later).count == 2)
        }
    }

    @Test func `has the OAuth clients there are, beside the keys`() async throws {
        try await Installation.run { cloud in
            func client(_ body: JSON) async throws -> String {
                try await cloud.post("/v1/oauth/clients", as: cloud.home.sessionToken, body).expecting(201).text("id")
            }
            let bot = try await client(["name": "Bot", "scopes": ["projects:read"]])
            let gone = try await client(["name": "Gone"])
            let bound = try await client(["name": "Bound", "project_id": .string(cloud.home.project.rawValue)])
            _ = try await cloud.post("/v1/oauth/clients/\(bot)/rotation", as: cloud.home.sessionToken, [:]).expecting(201)
            _ = try await cloud.delete("/v1/oauth/clients/\(gone)", as: cloud.home.sessionToken).expecting(204)
            cloud.clock.advance(seconds: 1)
            func rows(_ projects: [String]?) async throws -> [JSON] {
                let report = try await cloud.report(projects: projects).expecting(201)
                let sections = try JSONParser.parse(Array(try await cloud.content(report).utf8))["sections"]?.array ?? []
                return sections.first { $0["name"] == "oauth_client_inventory" }?["rows"]?.array ?? []
            }
            let all = try await rows(nil)
            #expect(Set(all.compactMap { $0["id"]?.string }) == [bot, bound])
            let row = try #require(all.first { $0["id"]?.string == bot })
            #expect(row["scopes"] == ["projects:read"] && row["created_by"]?.string == cloud.home.user.rawValue)
            #expect(row["rotated_at"]?.string != nil && row["flags"] == ["never_changed_anything"])
            #expect(try await rows([cloud.home.project.rawValue]).compactMap { $0["id"]?.string }.contains(bound))
        }
    }

    @Test func `of single projects shows nothing of others`() async throws {
        try await Installation.run { cloud in
            try await cloud.live()
            let other = try await cloud.makeProject("Other").expecting(201).text("id")
            cloud.clock.advance(seconds: 1)
            let report = try await cloud.report(projects: [other]).expecting(201)
            let content = try await cloud.content(report)
            #expect(!content.contains(cloud.home.project.rawValue) && content.contains(other))
            #expect(try await cloud.report(projects: ["proj_01kb0c4q9re5c8v8m3f4t2x7yz"]).status == 404)
        }
    }

    @Test func `is a CSV and a page to print too`() async throws {
        try await Installation.run { cloud in
            try await cloud.live()
            let report = try await cloud.report().expecting(201)
            let path = "/v1/compliance/reports/\(report.text("id"))/content"
            let whole = try await cloud.get(path + "?format=csv", as: cloud.home.liveKey).expecting(200)
            #expect(
                whole.header("Content-Type")?.hasPrefix("text/csv") == true && whole.text.contains("change_log,Change log,CC8.1 CC7.2,"))
            #expect(whole.text.contains("gap,"))
            let table = try await cloud.get(path + "?format=csv&section=key_inventory", as: cloud.home.liveKey).expecting(200).text
            let keys = report["manifest"]?["sections"]?.array?.first { $0["name"] == "key_inventory" }?["rows"]?.integer ?? 0
            #expect(table.hasPrefix("id,kind,name,") && table.split(separator: "\r\n").count == Int(keys) + 1)
            let page = try await cloud.get(path + "?format=html", as: cloud.home.liveKey).expecting(200)
            #expect(page.header("Content-Security-Policy")?.contains("default-src 'none'") == true)
            #expect(page.text.contains("<h2>Incidents</h2>") && page.text.contains("There is no data for this section."))
            #expect(page.text.contains("resource_count &gt;= 1") && !page.text.contains("<script"))
            #expect(try await cloud.get(path + "?section=drift", as: cloud.home.liveKey).code == "invalid_parameter")
        }
    }

    @Test func `is signed off, and the log says so`() async throws {
        try await Installation.run { cloud in
            let report = try await cloud.report().expecting(201)
            let path = "/v1/compliance/reports/\(report.text("id"))"
            let signed = try await cloud.post(
                path + "/attest", as: cloud.home.sessionToken, ["decision": "approved", "note": "Seen by Ada"]
            )
            .expecting(201)
            #expect(signed["attestations"]?.array?.count == 1 && signed["attestations"]?.array?.first?["actor_type"] == "user")
            #expect(try await cloud.get(path, as: cloud.home.liveKey).json == signed.json)
            let event = try #require(try await cloud.events("type=compliance.attested").first)
            #expect(event["data"]?["manifest_sha256"] == report["manifest_sha256"] && event["personal"]?["note"] == "Seen by Ada")
            for bad in [["decision": "maybe"], [:], ["decision": "approved", "note": .string(String(repeating: "x", count: 1001))]]
                as [JSON]
            {
                #expect(try await cloud.post(path + "/attest", as: cloud.home.liveKey, bad).status == 422)
            }
        }
    }

    @Test func `cannot be read any more when retention has taken what it was made from`() async throws {
        try await Installation.run { cloud in
            try await cloud.live()
            let report = try await cloud.report().expecting(201)
            cloud.clock.advance(seconds: 40 * 86_400)
            _ = try await cloud.put("/v1/audit/retention", as: cloud.home.liveKey, ["days": 30]).expecting(200)
            try await AuditRetention.enforce(cloud.store, cloud.place.surroundings)
            let path = "/v1/compliance/reports/\(report.text("id"))"
            #expect(try await cloud.get(path + "/content", as: cloud.home.liveKey).code == "cursor_expired")
            #expect(try await cloud.get(path, as: cloud.home.liveKey).status == 200)
            cloud.clock.advance(seconds: 1)
            let after = try await cloud.report(from: "2026-03-10T00:00:00Z").expecting(201)
            let content = try JSONParser.parse(Array(try await cloud.content(after).utf8))
            let integrity = content["sections"]?.array?.first { $0["name"] == "integrity" }?["rows"]?.array ?? []
            let checks = Set(integrity.compactMap { $0["check"]?.string })
            #expect(checks.isSuperset(of: ["chain", "beginning", "removed_rows", "retention"]))
        }
    }

    @Test func `says what is wrong with a log that somebody changed`() async throws {
        try await Installation.run { cloud in
            try await cloud.live()
            try await cloud.store.write { [tenant = cloud.tenant] connection in
                _ = try connection.execute(
                    "DELETE FROM events WHERE workspace = ? AND mode = ? AND sequence = 4", tenant.workspace, tenant.mode)
            }
            let content = try JSONParser.parse(Array(try await cloud.content(try await cloud.report().expecting(201)).utf8))
            let integrity = content["sections"]?.array?.first { $0["name"] == "integrity" }?["rows"]?.array?.first
            #expect(integrity?["result"] == "broken" && integrity?["detail"] == "Row 4 is missing.")
        }
    }

    @Test func `wants a period that has passed, and an admin of the workspace`() async throws {
        try await Installation.run { cloud in
            let path = "/v1/compliance/reports"
            for (from, to) in [
                ("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z"), ("2026-03-01T00:00:00Z", "2099-01-01T00:00:00Z"), ("x", "y"),
            ] {
                let refused = try await cloud.report(from: from, to: to)
                #expect(refused.status == 422)
            }
            #expect(try await cloud.post(path, as: cloud.home.liveKey, ["from": "2026-03-01T00:00:00Z"]).status == 422)
            #expect(
                try await cloud.post(path, as: cloud.home.projectKey, ["from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"]).code
                    == "forbidden")
            #expect(try await cloud.get(path, as: cloud.home.projectKey).code == "forbidden")
        }
    }
}

extension Installation {
    /// A month of somebody's life with the product.
    fileprivate func live() async throws {
        let key = home.liveKey
        _ = try await moving {
            try await post("/v1/connections", as: key, ["name": "sim", "provider": "simulator", "settings": ["latency_ms": 0]])
        }.expecting(201)
        let made = try await moving {
            try await post(
                "/v1/networks", as: key, ["name": "api", "project_id": .string(home.project.rawValue), "labels": ["owner": "core"]])
        }.expecting(201)
        try await settle()
        _ = try await patch("/v1/networks/\(made.text("id"))", as: key, ["deletion_protection": true]).expecting(200)
        _ = try await post("/v1/api-keys", as: home.sessionToken, ["name": "reader", "scopes": ["projects:read"]]).expecting(201)
        _ = try await makeMember("mel@home.example", of: home, role: "viewer")
        _ = try await post(
            "/v1/budgets", as: key, ["name": "Month", "amount": "10", "scope": ["project_id": .string(home.project.rawValue)]]
        ).expecting(201)
        _ = try await post(
            "/v1/alerts", as: key,
            ["project_id": .string(home.project.rawValue), "rule": "resource_count >= 1", "channel": "webhook"]
        ).expecting(201)
        try await parts.evaluator.evaluate(.anything)
        clock.advance(seconds: 1)
    }

    fileprivate func report(from: String = "2026-03-01T00:00:00Z", to: String? = nil, projects: [String]? = nil) async throws -> Reply {
        var body: [JSON.Member] = [.init("from", .string(from)), .init("to", .string(to ?? clock.now.description))]
        if let projects { body.append(.init("project_ids", .array(projects.map(JSON.string)))) }
        return try await post("/v1/compliance/reports", as: home.liveKey, .object(body))
    }

    fileprivate func content(_ report: Reply) async throws -> String {
        try await get("/v1/compliance/reports/\(report.text("id"))/content?format=json", as: home.liveKey).expecting(200).text
    }

    /// Puts the report in the place of one that was signed before there were plans, policies and exposure in it, and versions of sections.
    fileprivate func age(_ report: Reply) async throws {
        let made = try JSONParser.parse(Array(try await content(report).utf8))["sections"]?.array ?? []
        func kept(_ name: String) -> [JSON] {
            let rows = made.first { $0["name"]?.string == name }?["rows"]?.array ?? []
            switch name {
            case "change_log":
                return rows.map { row in
                    JSON.object((row.members ?? []).filter { $0.name != "plan_id" && $0.name != "approved_by" })
                }
            case "exceptions": return rows.filter { $0["type"]?.string?.hasPrefix("policy.") == false }
            case "exposure": return []
            default: return rows
            }
        }
        func aged(_ section: JSON) -> JSON {
            let rows = kept(section["name"]?.string ?? "")
            let bytes = rows.flatMap { $0.canonicalBytes + Array("\n".utf8) }
            let digest = SHA256.hash(data: bytes).map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
            let changed: [String: JSON] = [
                "rows": .integer(Int64(rows.count)), "sha256": .string(digest),
                "status": section["name"] == "exposure" ? "no_data" : section["status"] ?? .null,
            ]
            return .object(
                (section.members ?? []).filter { $0.name != "version" }.map { .init($0.name, changed[$0.name] ?? $0.value) })
        }
        let manifest = JSON.object(
            (report["manifest"]?.members ?? []).map { member in
                .init(member.name, member.name == "sections" ? .array((member.value.array ?? []).map(aged)) : member.value)
            })
        let key = Curve25519.Signing.PrivateKey()
        let signature = Array(try key.signature(for: manifest.canonicalBytes))
        let publicKey = Array(key.publicKey.rawRepresentation)
        let id = report.text("id")
        _ = try await store.write { connection in
            try connection.execute(
                "UPDATE compliance_reports SET manifest = ?, signature = ?, public_key = ? WHERE id = ?",
                String(decoding: manifest.canonicalBytes, as: UTF8.self), signature, publicKey, id)
        }
    }
}
