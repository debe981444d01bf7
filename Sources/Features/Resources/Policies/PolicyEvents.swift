import Provider
package import Web

package enum PolicyEvents {
    private static let snapshot = Schema.object(Policy.snapshotFields)
    private static let said: [Schema.Field] = [
        .required("project_id", .id("proj")), .required("kind", .choice(of: ResourceKind.self)), .required("name", .string(1...63, .echo)),
        .required("result", PolicyResult.schema),
    ]

    package static let types: [EventType] = [
        .creation("policy.created", "A policy was made.", of: snapshot), .change("policy.updated", "A policy changed.", of: snapshot),
        .removal("policy.deleted", "A policy was deleted.", of: snapshot),
        EventType("policy.denied", "A policy has refused that something is made or changed.", data: said),
        EventType("policy.warned", "Something was made or changed that a policy warns of.", data: said),
    ]
}
