// A policy says what may be made and changed, for everybody: an admin writes it once, and admission asks it about every creation and every
// change, before quota and budget and in the same transaction. The grammar is small and typed, so that a rule can be read, tested and shown
// without running anybody's code.
//
// A change is held against what was there before it: it is refused for what it makes wrong, not for what was wrong already. So a resource
// that is older than a policy can still be stopped, shrunk and brought in line.

import Kernel
import Provider
import Storage
import Web

enum PolicyKind: IDKind { static let prefix = "pol" }
typealias PolicyID = ID<PolicyKind>

struct Policy: Sendable {
    let id: PolicyID
    let tenant: Tenant
    /// Nil for every project of the workspace.
    let project: ProjectID?
    var name: String
    /// What whoever is refused is told.
    var message: String
    /// Empty for every kind.
    var kinds: Set<ResourceKind>
    /// Empty for every environment.
    var environments: Set<String>
    var rule: PolicyRule
    var enforcement: Enforcement
    var isEnabled: Bool
    var version: Int
    let createdAt: Timestamp
    var updatedAt: Timestamp

    enum Enforcement: String, Sendable, CaseIterable, SQLConvertible {
        case deny
        /// Only told, in the answer and in the log.
        case warn
    }

    var etag: ETag { ETag(version: version) }

    func isAbout(_ kind: ResourceKind, in environment: String) -> Bool {
        (kinds.isEmpty || kinds.contains(kind)) && (environments.isEmpty || environments.contains(environment))
    }

    var snapshot: JSON {
        [
            "name": .string(name), "project_id": JSON(project), "kinds": .array(kinds.map(\.rawValue).sorted().map(JSON.string)),
            "environments": .array(environments.sorted().map(JSON.string)), "rule": rule.json, "message": .string(message),
            "enforcement": .string(enforcement.rawValue), "enabled": .bool(isEnabled),
        ]
    }
}

extension Policy: JSONRepresentable, SchemaDescribed {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            for member in snapshot.members ?? [] { json.dynamicField(member.name, member.value) }
            json.field("created_at", createdAt)
            json.field("updated_at", updatedAt)
        }
    }

    static let snapshotFields: [Schema.Field] = [
        .required("name", .name()), .required("project_id", Schema.id("proj", "Null for every project.").nullable),
        .required("kinds", .array(.choice(of: ResourceKind.self), 0...ResourceKind.allCases.count)),
        .required("environments", .array(.string(1...20), 0...10)), .required("rule", PolicyRule.schema),
        .required("message", .string(0...500, .echo)), .required("enforcement", .choice(of: Enforcement.self)),
        .required("enabled", .boolean()),
    ]

    static let schema = Schema.named(
        "Policy",
        .object(
            [.required("id", .id(PolicyKind.prefix))] + snapshotFields + [
                .required("created_at", .timestamp()), .required("updated_at", .timestamp()),
            ]))
}
