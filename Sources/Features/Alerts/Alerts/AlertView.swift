import Kernel
import Prices
import Storage
import Web
import Webhooks

/// An alert as it is shown: with what its rule speaks of at this moment.
struct AlertView: Sendable, JSONRepresentable, SchemaDescribed {
    let alert: Alert
    let at: Timestamp
    let values: JSON
    let channels: [(type: Alert.Channel, status: SlackChannel.Status)]
    let deed: AlertDeed?
    let isSilenced: Bool
    /// Nil in a list, and without `group_by`.
    let groups: [Group]?
    let isCut: Bool

    struct Group: Sendable {
        let alert: Alert
        let values: JSON
        let isSilenced: Bool
    }

    /// `isListed` leaves the groups out.
    static func read(_ alert: Alert, at now: Timestamp, isListed: Bool = false, _ sources: AlertSources, _ connection: Connection) throws
        -> AlertView
    {
        let isGrouped = !alert.draft.groupBy.isEmpty
        let members = isGrouped && !isListed ? try groups(of: alert, at: now, sources, connection) : nil
        return AlertView(
            alert: alert, at: now, values: isGrouped ? .object([]) : try values(of: alert, at: now, sources, connection),
            channels: try alert.draft.channels.map { ($0, try alert.status(of: $0, connection)) },
            deed: try AlertDeed.last(of: alert, connection), isSilenced: alert.isSilenced(at: now),
            groups: try members?.alerts.map { member in
                Group(alert: member, values: try values(of: member, at: now, sources, connection), isSilenced: member.isSilenced(at: now))
            }, isCut: members?.isCut ?? false)
    }

    private static func values(of alert: Alert, at now: Timestamp, _ sources: AlertSources, _ connection: Connection) throws -> JSON {
        var readings = Readings(alert, at: now, sources, connection)
        do {
            _ = try readings.signal()
        } catch is Problem {}  // What its rule speaks of can be read no more, such as a view of an older release: it has no value.
        return readings.json
    }

    /// Nil where what it is grouped by can be read no more.
    private static func groups(
        of alert: Alert, at now: Timestamp, _ sources: AlertSources, _ connection: Connection
    ) throws -> Alert.Members? {
        do {
            return try alert.members(at: now, sources, connection)
        } catch is Problem {
            return nil
        }
    }

    /// The one that runs, of the alert or of some of its groups.
    private var silence: Alert.Silence? { alert.silence.flatMap { at < $0.until ? $0 : nil } }

    func write(to json: inout JSONWriter) {
        let draft = alert.draft
        json.object { json in
            json.field("id", alert.id)
            json.field("name", draft.name)
            json.field("account_id", JSON(draft.subject.account))
            json.field("project_id", JSON(draft.subject.project))
            json.field("resource_id", JSON(draft.subject.resource))
            json.field("selector", draft.subject.selector)
            json.array("group_by", draft.groupBy.map(\.text))
            json.field("rule", draft.rule.source)
            json.field("recover", draft.recover?.source)
            json.field("for", TimeSpan(seconds: draft.timing.pendingFor).text)
            json.field("keep_firing_for", TimeSpan(seconds: draft.timing.keepFiringFor).text)
            json.field("repeat_every", TimeSpan(seconds: draft.timing.repeatEvery).text)
            json.field("no_data", draft.timing.noData.rawValue)
            json.array("channels", channels) { json, channel in
                json.object { json in
                    json.field("type", channel.type.rawValue)
                    json.field("status", channel.status.rawValue)
                }
            }
            json.field("action", draft.action?.json ?? .null)
            json.field("severity", draft.severity.rawValue)
            json.field("labels", JSON(labels: draft.labels))
            json.field("currency", draft.currency)
            json.field("state", alert.phase.state.rawValue)
            json.field("since", alert.phase.since)
            json.field("values", values)
            if let groups {
                json.array("groups", groups) { json, group in
                    json.object { json in
                        json.field("group", group.alert.group?.json ?? .null)
                        json.field("state", group.alert.phase.state.rawValue)
                        json.field("since", group.alert.phase.since)
                        json.field("values", group.values)
                        json.field("silenced", group.isSilenced)
                    }
                }
                json.field("groups_cut", isCut)
            }
            json.field("silenced", isSilenced)
            json.field("silenced_until", silence?.until)
            json.field("silence_reason", silence?.reason)
            json.field("silence_matchers", silence.map { JSON(labels: $0.matchers) } ?? .null)
            json.field("last_action", deed?.json ?? .null)
            json.field("mode", alert.tenant.mode.rawValue)
            json.field("created_at", alert.createdAt)
            json.field("updated_at", alert.updatedAt)
        }
    }

    static let values = Schema(
        .map(Schema.string(1...200).nullable), "What the rule speaks of, as exact decimals; null without data.")
    static let state = Schema.choice(of: AlertPhase.State.self)
    static let group = Schema(.map(.string(0...1000, .echo)), "Which group: a value for each key of `group_by`.")
    static let schema = Schema.named(
        "Alert",
        .object([
            .required("id", .id("alr")), .required("name", .string(1...1000, .echo)), .required("account_id", Schema.id("acc").nullable),
            .required("project_id", Schema.id("proj").nullable), .required("resource_id", Schema.id("inst").nullable),
            .required("selector", Schema.string(1...1000, .echo).nullable),
            .required("group_by", .array(.string(1...300, .echo), 0...GroupKey.most)),
            .required("rule", Schema.string(1...1000, .echo).example("quota_percent > 85")),
            .required("recover", Schema.string(1...1000, .echo).nullable), .required("for", .string(2...12)),
            .required("keep_firing_for", .string(2...12)), .required("repeat_every", .string(2...12)),
            .required("no_data", .choice(of: AlertTiming.NoData.self)),
            .required(
                "channels",
                .array(
                    .object([
                        .required("type", .choice(of: Alert.Channel.self)), .required("status", .choice(of: SlackChannel.Status.self)),
                    ]), 0...2, "What is to be told on a channel that is not connected is held until it is.")),
            .required("action", AlertEvents.action.nullable), .required("severity", .choice(of: Alert.Severity.self)),
            .required("labels", Schema(.map(.string(0...63, .echo)))),
            .required("currency", Money.currency),
            .required("state", state.described("With `group_by`, that of the group that is worst.")),
            .required("since", .timestamp("Since when it is in this state.")), .required("values", values),
            .optional(
                "groups",
                .array(
                    .object([
                        .required("group", group), .required("state", state), .required("since", .timestamp()),
                        .required("values", values), .required("silenced", .boolean()),
                    ]), 0...Alert.mostGroups, "With `group_by`, where each group stands; not in lists.")),
            .optional("groups_cut", .boolean("There are more than \(Alert.mostGroups) groups; the others are not watched.")),
            .required("silenced", .boolean("As a whole; a silence with matchers is of groups.")),
            .required("silenced_until", Schema.timestamp().nullable),
            .required("silence_reason", Schema.string(0...1000, .echo).nullable),
            .required("silence_matchers", Schema(.map(.string(0...1000, .echo)), "Of the groups that are silent.").nullable),
            .required("last_action", deed.nullable),
            .required("mode", .choice(of: Mode.self)), .required("created_at", .timestamp()), .required("updated_at", .timestamp()),
        ]))
    static let deed = Schema.object([
        .required("id", .id("act")), .required("action", AlertEvents.action), .required("resource_ids", .array(.id("inst"))),
        .required("failures", AlertEvents.failures), .required("group", group.nullable), .required("at", .timestamp()),
        .required("undone_at", Schema.timestamp().nullable),
    ])
}

extension Alert {
    func status(of channel: Channel, _ connection: Connection) throws -> SlackChannel.Status {
        switch channel {
        case .slack: return try SlackChannel.find(in: tenant, connection)?.status ?? .notConnected
        case .webhook:
            let hears = try Webhook.all(in: tenant, connection).contains { webhook in
                webhook.isEnabled && webhook.events.contains { $0.matches("alert.firing") }
                    && (webhook.projects.map { projects in draft.subject.project.map(projects.contains) ?? false } ?? true)
            }
            return hears ? .connected : .notConnected
        }
    }
}
