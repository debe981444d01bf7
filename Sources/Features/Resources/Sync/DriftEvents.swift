import Kernel
import Provider
import Storage
package import Web

/// What is said in the log about drift.
package enum DriftEvents {
    private static let snapshot: [Schema.Field] = [
        .required("drift_id", .id("drf")), .required("class", .choice(of: Drift.Sort.self)),
        .required("kind", .choice(of: ResourceKind.self)),
        .required("resource_id", Schema.id("inst").nullable), .required("name", Schema.string(1...63).nullable),
        .required("project_id", Schema.id("proj").nullable), .required("connection_id", .id("con")),
        .required("provider_ref", Schema.string(0...500, .echo).nullable), .required("fields", Drift.fieldsSchema),
        .required("message", .string(0...10_000, .echo)),
        .optional("phase", .choice(of: Resource.Phase.self, "What its resource is in now.")),
    ]

    package static let types = [
        EventType(
            "drift.detected", "What is at the provider is not as it is wanted; `class` says in what way.",
            data: snapshot + [
                .optional("policy", .choice(of: DriftPolicy.self, "What is done about it.")),
                .optional("cost_per_day", .string(1...60, .text, "What an object that belongs to nobody costs.")),
                .optional("currency", .string(3...3)),
            ]),
        EventType("drift.changed", "A drift that is known concerns other fields, or others as well.", data: snapshot),
        EventType(
            "drift.reverting", "It is being made as it is wanted.", data: snapshot + [.optional("operation_id", Schema.id("op"))]),
        EventType("drift.contested", "It came back as often as it was reverted; it is left as it is.", data: snapshot),
        EventType(
            "drift.resolved", "It is over; `resolution` says how.",
            data: snapshot + [.required("resolution", .choice(of: Drift.Resolution.self))]),
    ]
}

extension Drift {
    func event(_ happened: String, _ phase: Resource.Phase? = nil, _ more: [JSON.Member] = []) -> EventDraft {
        var members: [JSON.Member] = [
            .init("drift_id", JSON(id)), .init("class", .string(sort.rawValue)), .init("kind", .string(kind.rawValue)),
            .init("resource_id", JSON(resource)), .init("name", JSON(name)), .init("project_id", JSON(project)),
            .init("connection_id", JSON(connection)), .init("provider_ref", JSON(reference)),
            .init("fields", .array(fields.map(\.json))), .init("message", .string(message)),
        ]
        if let phase { members.append(.init("phase", .string(phase.rawValue))) }
        return EventDraft("drift." + happened, subject: resource?.rawValue ?? id.rawValue, data: .object(members + more))
    }
}
