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

    struct Turn: Sendable {
        let at: Timestamp
        let before: AlertPhase.State
        let after: AlertPhase.State
        let values: JSON
    }

    /// Moments of the past that are looked at.
    static let most: Int64 = 500

    static func now(_ alert: Alert, at now: Timestamp, from: Timestamp?, to: Timestamp?, _ connection: Connection) throws -> Rehearsal {
        var readings = Readings(alert, at: now, connection)
        let signal = try readings.signal()
        let (next, notice) = alert.phase.next(signal, alert.draft.timing, at: now)
        let (history, count) = try from.map { try past(alert, from: $0, to: min(to ?? now, now), connection) } ?? ([], 0)
        return Rehearsal(
            at: now, holds: signal.holds, values: readings.json, state: alert.phase.state, next: next.state, notice: notice,
            targets: try alert.targets(connection).map { ["id": JSON($0.id), "name": .string($0.name)] }, history: history,
            evaluations: count)
    }

    /// From an inactive alert on, at steps of at least a minute.
    private static func past(_ alert: Alert, from: Timestamp, to: Timestamp, _ connection: Connection) throws -> ([Turn], Int) {
        let rules = [alert.draft.rule, alert.draft.recover].compactMap(\.self)
        if let blind = rules.flatMap(\.uses).first(where: { !$0.metric.hasPast }) {
            throw Problem.invalid("from", "\(blind.metric.rawValue) is only known of now; leave out `from`.")
        }
        guard from < to else { throw Problem.invalid("from", "from must lie before to, and before now.") }
        guard to.seconds - from.seconds <= 92 * 86_400 else { throw Problem.invalid("from", "The past may have 92 days.") }
        let step = max(60, (to.seconds - from.seconds) / Self.most)
        var phase = AlertPhase(state: .inactive, since: from)
        var turns: [Turn] = []
        var count = 0
        var moment = from
        while moment <= to {
            var readings = Readings(alert, at: moment, connection)
            let next = phase.next(try readings.signal(), alert.draft.timing, at: moment).phase
            if next.state != phase.state {
                turns.append(Turn(at: moment, before: phase.state, after: next.state, values: readings.json))
            }
            phase = next
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
            json.field("evaluations", evaluations)
            json.array("history", history) { json, turn in
                json.object { json in
                    json.field("at", turn.at)
                    json.field("before", turn.before.rawValue)
                    json.field("after", turn.after.rawValue)
                    json.field("values", turn.values)
                }
            }
        }
    }

    static let schema = Schema.named(
        "AlertDryRun",
        .object([
            .required("at", .timestamp()), .required("holds", Schema.boolean("Null without data.").nullable),
            .required("values", AlertView.values), .required("state", AlertView.state),
            .required("next_state", AlertView.state.described("What it would be after an evaluation now.")),
            .required("notice", Schema.choice(["firing", "repeated", "resolved"], "What would be told now.").nullable),
            .required(
                "action_targets",
                .array(
                    .object([.required("id", .id("inst")), .required("name", .string(1...63))]), 0...1000, "What its action would stop now."
                )),
            .required("evaluations", .integer(0...1000, "How many moments of the past were looked at.")),
            .required(
                "history",
                .array(
                    .object([
                        .required("at", .timestamp()), .required("before", AlertView.state), .required("after", AlertView.state),
                        .required("values", AlertView.values),
                    ]))),
        ]))
}
