import Kernel
import Resources
import Storage
import Web

/// What an alert would do now, and would have done over a time that has passed, without doing it.
struct Rehearsal: Sendable, JSONRepresentable, SchemaDescribed {
    let at: Timestamp
    let holds: Bool?
    let values: JSON
    let state: AlertPhase.State
    let next: AlertPhase.State
    let notice: AlertPhase.Notice?
    let targets: [JSON]
    let history: [Turn]
    let evaluations: Int
    /// What each group would do; nil without `group_by`.
    let groups: [Group]?

    struct Group: Sendable {
        let group: JSON
        let holds: Bool?
        let values: JSON
        let state: AlertPhase.State
        let next: AlertPhase.State
        let notice: AlertPhase.Notice?
        let targets: [JSON]
    }

    struct Turn: Sendable {
        let at: Timestamp
        let group: JSON
        let before: AlertPhase.State
        let after: AlertPhase.State
        let values: JSON
    }

    /// Moments of the past that are looked at.
    static let most: Int64 = 500

    static func now(_ alert: Alert, at now: Timestamp, from: Timestamp?, to: Timestamp?, _ sources: AlertSources, _ connection: Connection)
        throws -> Rehearsal
    {
        let members = try alert.members(at: now, sources, connection).alerts
        let groups = try members.map { try Group(of: $0, at: now, sources, connection) }
        let (history, count) = try from.map { try past(alert, members, from: $0, to: min(to ?? now, now), sources, connection) } ?? ([], 0)
        let isGrouped = !alert.draft.groupBy.isEmpty
        // Of many groups the worst is told of the alert as a whole.
        let next = AlertPhase.State.worstFirst.first { state in groups.contains { $0.next == state } } ?? alert.phase.state
        let holds = groups.contains { $0.holds == true } ? true : groups.allSatisfy { $0.holds == nil } ? nil : false
        var targets: [JSON] = []
        for target in groups.flatMap(\.targets) where !targets.contains(target) && targets.count < AlertDeed.most { targets.append(target) }
        return Rehearsal(
            at: now, holds: holds, values: isGrouped ? .object([]) : groups.first?.values ?? .object([]), state: alert.phase.state,
            next: next, notice: isGrouped ? nil : groups.first?.notice, targets: targets, history: history, evaluations: count,
            groups: isGrouped ? groups : nil)
    }

    /// Each from inactive on, at steps of at least a minute.
    private static func past(
        _ alert: Alert, _ members: [Alert], from: Timestamp, to: Timestamp, _ sources: AlertSources, _ connection: Connection
    ) throws -> ([Turn], Int) {
        if let blind = alert.draft.uses.first(where: { !$0.metric.hasPast }) {
            throw Problem.invalid("from", "\(blind.metric.rawValue) is only known of now; leave out `from`.")
        }
        guard from < to else { throw Problem.invalid("from", "from must lie before to, and before now.") }
        guard to.seconds - from.seconds <= 92 * 86_400 else { throw Problem.invalid("from", "The past may have 92 days.") }
        let most = max(10, Self.most / Int64(max(1, members.count)))
        let step = max(60, (to.seconds - from.seconds) / most)
        var phases = members.map { _ in AlertPhase(state: .inactive, since: from) }
        var turns: [Turn] = []
        var count = 0
        var moment = from
        while moment <= to {
            for (place, member) in members.enumerated() {
                var readings = Readings(member, at: moment, sources, connection)
                let next = phases[place].next(try readings.signal(), alert.draft.timing, at: moment).phase
                if next.state != phases[place].state {
                    turns.append(
                        Turn(
                            at: moment, group: member.group?.json ?? .null, before: phases[place].state, after: next.state,
                            values: readings.json))
                }
                phases[place] = next
            }
            count += 1
            moment = moment.adding(seconds: step)
        }
        return (turns, count)
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("at", at)
            json.field("holds", holds)
            json.field("values", values)
            json.field("state", state.rawValue)
            json.field("next_state", next.rawValue)
            json.field("notice", notice?.rawValue)
            json.array("action_targets", targets)
            if let groups {
                json.array("groups", groups) { json, group in
                    json.object { json in
                        json.field("group", group.group)
                        json.field("holds", group.holds)
                        json.field("values", group.values)
                        json.field("state", group.state.rawValue)
                        json.field("next_state", group.next.rawValue)
                        json.field("notice", group.notice?.rawValue)
                        json.array("action_targets", group.targets)
                    }
                }
            }
            json.field("evaluations", evaluations)
            json.array("history", history) { json, turn in
                json.object { json in
                    json.field("at", turn.at)
                    json.field("group", turn.group)
                    json.field("before", turn.before.rawValue)
                    json.field("after", turn.after.rawValue)
                    json.field("values", turn.values)
                }
            }
        }
    }

    private static let notice = Schema.choice(["firing", "repeated", "resolved"], "What would be told now.").nullable
    private static let targets = Schema.array(
        .object([.required("id", .id("inst")), .required("name", .string(1...63))]), 0...1000, "What its action would stop now.")
    static let schema = Schema.named(
        "AlertDryRun",
        .object([
            .required("at", .timestamp()), .required("holds", Schema.boolean("Null without data.").nullable),
            .required("values", AlertView.values), .required("state", AlertView.state),
            .required("next_state", AlertView.state.described("What it would be after an evaluation now.")),
            .required("notice", notice), .required("action_targets", targets),
            .optional(
                "groups",
                .array(
                    .object([
                        .required("group", AlertView.group), .required("holds", Schema.boolean("Null without data.").nullable),
                        .required("values", AlertView.values), .required("state", AlertView.state),
                        .required("next_state", AlertView.state), .required("notice", notice), .required("action_targets", targets),
                    ]), 0...Alert.mostGroups, "With `group_by`, each group.")),
            .required("evaluations", .integer(0...1000, "How many moments of the past were looked at.")),
            .required(
                "history",
                .array(
                    .object([
                        .required("at", .timestamp()), .required("group", AlertView.group.nullable), .required("before", AlertView.state),
                        .required("after", AlertView.state), .required("values", AlertView.values),
                    ]), 0...100_000)),
        ]))
}

extension Rehearsal.Group {
    fileprivate init(of alert: Alert, at now: Timestamp, _ sources: AlertSources, _ connection: Connection) throws {
        let step = try alert.step(at: now, sources, connection)
        let (_, notice) = alert.phase.next(step.signal, alert.draft.timing, at: now)
        group = alert.group?.json ?? .null
        holds = step.signal.holds
        values = step.readings
        state = alert.phase.state
        next = step.phase.state
        self.notice = notice
        targets = try alert.targets(connection).map { ["id": JSON($0.id), "name": .string($0.name)] }
    }
}
