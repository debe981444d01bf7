import Kernel
import Prices
package import Web

/// What is said in the log about alerts, which is how webhooks hear of them, and about the channels they speak on.
package enum AlertEvents {
    static let action = Schema.object([
        .required("type", .choice(["stop", "freeze"])), .required("selector", Schema.string(1...1000, .echo).nullable),
        .required("project_id", Schema.id("proj").nullable), .required("cooldown", .string(2...12)), .required("dry_run", .boolean()),
    ])
    static let failures = Schema.array(
        .object([.required("resource_id", .id("inst")), .required("detail", .string(0...10_000, .echo))]))

    private static let subject: [Schema.Field] = [
        .optional("account_id", .id("acc")), .optional("project_id", .id("proj")), .optional("resource_id", .id("inst")),
        .optional("selector", .string(1...1000, .echo)), .optional("group", AlertView.group),
    ]
    private static let project: [Schema.Field] = [.optional("project_id", .id("proj"))]
    private static let snapshot = Schema.object(
        subject + [
            .required("name", .string(1...1000, .echo)), .required("rule", .string(1...1000, .echo)),
            .required("recover", Schema.string(1...1000, .echo).nullable), .required("channels", .array(.choice(of: Alert.Channel.self))),
            .required("action", action.nullable), .required("severity", .choice(of: Alert.Severity.self)),
            .required("labels", Schema(.map(.string(0...63, .echo)))),
            .optional("group_by", .array(.string(1...300, .echo), 0...GroupKey.most)),
        ])
    private static let cause = Schema.Field.optional(
        "cause",
        .object(
            [
                .optional("resource_ids", .array(.string(1...100), 0...AlertCause.most)),
                .optional("budget_ids", .array(.id("bud"), 0...AlertCause.most)),
                .optional("event_ids", .array(.id("evt"), 0...AlertCause.most, "What last happened to each of these resources.")),
            ], "What moved the numbers: the resources that count most, the budgets, and events."))
    private static let turn: [Schema.Field] =
        subject + [
            cause,
            .required("name", .string(1...1000, .echo)), .required("rule", .string(1...1000, .echo)),
            .required("severity", .choice(of: Alert.Severity.self)), .required("labels", Schema(.map(.string(0...63, .echo)))),
            .required("before", .choice(of: AlertPhase.State.self)), .required("after", .choice(of: AlertPhase.State.self)),
            .required("values", Schema(.map(Schema.string(1...200).nullable))),
            .required("silenced", .boolean("It is not told on chat channels.")),
            .optional("late", .boolean("It fires because of data that came when its hour was over.")),
            .optional("late_hour", .timestamp("The hour it fires for; of several the first that came late.")),
        ]
    private static let deed: [Schema.Field] =
        subject + [
            .required("name", .string(1...1000, .echo)), .required("action", action), .required("resource_ids", .array(.id("inst"))),
            .required("failures", failures), cause,
        ]
    private static let channel = Schema.Field.required("type", .choice(["slack"]))

    package static let types = [
        EventType("alert.created", "An alert was made.", data: project + [.required("after", snapshot)]),
        EventType(
            "alert.updated", "An alert was changed.", data: project + [.required("before", snapshot), .required("after", snapshot)]),
        EventType("alert.deleted", "An alert was deleted.", data: project + [.required("before", snapshot)]),
        EventType("alert.pending", "The rule holds, and has not held for long enough.", data: turn),
        EventType("alert.cleared", "The rule stopped holding before it fired.", data: turn),
        EventType("alert.firing", "The alert fires.", data: turn),
        EventType("alert.repeated", "The alert still fires, and is told again.", data: turn),
        EventType("alert.recovering", "It is over, and has not been over for long enough.", data: turn),
        EventType("alert.resolved", "It is over.", data: turn),
        EventType("alert.acted", "The alert did what it is to do; with `dry_run`, what it would have done.", data: deed),
        EventType("alert.undone", "What an alert did was taken back.", data: deed),
        EventType(
            "alert.silenced", "An alert keeps quiet for a while.",
            data: project + [
                .required("until", .timestamp()), .required("reason", .string(0...1000, .echo)),
                .optional("matchers", Schema(.map(.string(0...1000, .echo)), "Only groups with these values.")),
            ]),
        EventType("alert.unsilenced", "An alert speaks again.", data: project),
        EventType("channel.connected", "A chat channel was connected.", data: [channel, .required("url", .string(0...200, .echo))]),
        EventType("channel.disconnected", "A chat channel was disconnected.", data: [channel]),
        EventType("channel.failed", "A chat channel refuses messages.", data: [channel, .required("error", .string(0...1000, .echo))]),
        EventType("channel.tested", "A test message was asked for.", data: [channel]),
    ]
}
