import Kernel
import Provider
package import Web

/// What is said in the log about resources, their operations and the connections they are made through. The types of a resource begin
/// with its kind; those that end in `_requested` are said when a call is admitted, the others when the provider has done it.
package enum ResourceEvents {
    package static let types =
        ResourceKind.allCases.flatMap(types(of:)) + [ended] + operations + connections + freezes + DriftEvents.types
        + DiscoveryEvents.types + LeaseEvents.types

    private static let operation = Schema.id("op", "The operation that does it.")
    private static let error = Schema.object([
        .required("code", .choice(of: Operation.Failure.Code.self)), .required("detail", .string(0...10_000, .echo)),
    ])
    private static let estimate = Schema.object([.required("currency", .string(3...3)), .required("hourly", .string(1...60))])
    private static let state = Schema.Field.optional(
        "state",
        Schema(
            .map(Schema(.any)),
            "What a read of it answered from then on beside what is wanted of it: `status`, `etag`, `operation_id` and times."))
    private static let named: [Schema.Field] = [
        .required("name", .string(1...63)), .required("project_id", .id("proj")), state,
    ]

    private static func types(of kind: ResourceKind) -> [EventType] {
        let noun = kind.rawValue
        let snapshot = snapshot(of: kind)
        let ended: [Schema.Field] =
            [.required("operation_id", operation)] + named + [
                .required("phase", .choice(of: Resource.Phase.self)), .required("power", Schema.choice(of: Power.self).nullable),
                .required("error", error.nullable), .optional("after", snapshot),
            ]
        let admitted: [Schema.Field] = [
            .optional("before", snapshot), .required("after", snapshot), .optional("operation_id", operation),
            .optional("estimate", estimate), .optional("placement", .object(Placement.fields)), state,
        ]
        let verbs = kind.verbs
        let first = [
            EventType(
                "\(noun).created", "A create was admitted: the \(kind.noun) has its id, its share of quota and budget, and an operation.",
                data: admitted),
            EventType(
                "\(noun).expired", "Its time was up: it is being deleted.",
                data: named + [.required("operation_id", operation), .optional("after", snapshot)]),
            EventType("\(noun).adopted", "An object that was there became a resource that is looked at.", data: admitted),
            EventType(
                "\(noun).released", "What was adopted is nobody's here any more; the object stays as it is.",
                data: named + [.required("provider_ref", Schema.string(0...500, .echo).nullable)]),
            EventType(
                "\(noun).purged", "It is gone for good, with the object where that was kept; its name is free.",
                data: named + [.optional("operation_id", operation), .optional("after", snapshot)]),
            EventType(
                "\(noun).observed", "What is known of it has changed while something goes on: its phase, power, addresses or conditions.",
                data: named + [.optional("operation_id", operation), .optional("after", snapshot)]),
        ]
        let requested = verbs.filter { $0 != .create && $0 != .update }.map { verb in
            EventType("\(noun).\(verb.rawValue)_requested", "\(verb.noun) was admitted.", data: admitted)
        }
        let done = verbs.filter { $0 != .update }.map { verb in
            EventType("\(noun).\(verb.pastTense)", "\(verb.noun) has succeeded.", data: ended)
        }
        let updated = EventType(
            "\(noun).updated", "Labels or settings changed, or a change of the spec was admitted (`after`) or has succeeded (`phase`).",
            data: (admitted + ended).map { .optional($0.name, $0.schema) }.uniqueByName)
        let failed = verbs.map { verb in
            EventType("\(noun).\(verb.rawValue)_failed", "\(verb.noun) has failed.", data: ended)
        }
        return first + requested + done + [updated] + failed
    }

    private static func snapshot(of kind: ResourceKind) -> Schema {
        .object(
            [
                .required("name", .string(1...63)), .required("project_id", .id("proj")), .required("connection_id", .id("con")),
                .required("spec", kind.specSchema), .required("labels", Schema(.map(.string(0...1000, .echo)))),
                .required("deletion_protection", .boolean()),
                .required("expires_at", Schema.timestamp().nullable), .required("generation", .integer(1...Int64.max)),
            ] + SyncSettings.saidSchema)
    }

    private static let ended = EventType(
        "instance.ended", "An instance that was running ended by itself; it is charged no longer.",
        data: named + [
            .required("power", .choice(of: Power.self)), .required("exit_code", Schema.integer(Int64.min...Int64.max).nullable),
        ])

    private static let trouble: [Schema.Field] = [
        .required("operation_id", operation), .required("project_id", .id("proj")), .required("error", error), state,
    ]
    private static let operations = [
        EventType(
            "operation.blocked", "It cannot be known whether the provider did it; somebody has to decide (`resolve`).", data: trouble),
        EventType("operation.stuck", "What was begun could not be taken back; something may be left at the provider.", data: trouble),
        EventType(
            "operation.canceled", "An operation was canceled.",
            data: [.required("operation_id", operation)] + named + [
                .required("phase", .choice(of: Resource.Phase.self)), .required("power", Schema.choice(of: Power.self).nullable),
                .required("error", error.nullable), .optional("after", Schema(.map(Schema(.any)))),
            ]),
    ]

    private static let connection = Schema.object([
        .required("name", .string(1...63)), .required("provider", .string(1...60)), .required("settings", Schema(.map(Schema(.any)))),
        .required("has_secret", .boolean()), .required("project_ids", Schema.array(.id("proj")).nullable),
        .optional("labels", Schema(.map(.string(0...63, .echo)))),
    ])
    private static let connections =
        [
            EventType.creation("connection.created", "A provider account was connected.", of: connection),
            .change("connection.updated", "A connection's settings, secret or projects changed.", of: connection),
            .removal("connection.deleted", "A provider account was disconnected.", of: connection),
        ]
        + ProviderConnection.State.allCases.map { state in
            EventType(
                "connection.\(state.rawValue)", "A connection was found to be \(state.rawValue).",
                data: [
                    .required("before", .choice(of: ProviderConnection.State.self)),
                    .required("after", .choice(of: ProviderConnection.State.self)), .required("detail", .string(0...10_000, .echo)),
                ])
        }
}

extension ResourceEvents {
    fileprivate static let freezes = [
        EventType(
            "project.frozen", "Nothing can be made or started in the project any more.",
            data: [.required("project_id", .id("proj")), .required("reason", .string(0...1000))]),
        EventType("project.unfrozen", "The project admits what it did before.", data: [.required("project_id", .id("proj"))]),
    ]
}

extension Operation.Verb {
    /// At the beginning of a sentence.
    fileprivate var noun: String {
        switch self {
        case .attach: "An attach"
        case .empty: "An emptying"
        case .apply: "An application"
        case .update: "An update"
        case .undelete: "An undelete"
        default: "A \(rawValue)"
        }
    }
}

extension ResourceKind {
    fileprivate var verbs: [Operation.Verb] {
        switch self {
        case .instance: Operation.Verb.allCases.filter { $0 != .empty && $0 != .apply }
        case .volume: [.create, .update, .delete, .undelete, .resize, .attach, .detach]
        case .network: [.create, .update, .delete, .undelete, .attach, .detach]
        case .bucket: [.create, .update, .delete, .undelete, .empty]
        case .address: [.create, .update, .delete, .attach, .detach]
        case .firewall: [.create, .update, .delete, .undelete, .apply]
        case .snapshot: [.create, .update, .delete]
        }
    }
}

extension [Schema.Field] {
    fileprivate var uniqueByName: Self {
        reduce(into: []) { kept, field in if !kept.contains(where: { $0.name == field.name }) { kept.append(field) } }
    }
}
