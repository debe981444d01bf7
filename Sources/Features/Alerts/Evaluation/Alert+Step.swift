import Kernel
import Resources
import Storage
import Webhooks

extension Alert {
    /// What comes next for it, before anything is written.
    struct Step {
        let signal: AlertPhase.Signal
        let phase: AlertPhase
        /// What is to be told; nothing while it is silenced.
        let notice: AlertPhase.Notice?
        let owesNotice: Bool
        let readings: JSON
        /// Instances whose measurements they are; empty where no rule asks for any.
        let measured: [ResourceID]
        let isSilenced: Bool
        /// Whether it has just begun to fire, silenced or not.
        let fires: Bool
        /// It fires because of what came late: the hour that is about.
        let lateHour: Timestamp?
    }

    /// `late` are hours to be looked at again.
    func step(at now: Timestamp, late: [Int] = [], _ sources: AlertSources, _ connection: Connection) throws -> Step {
        var readings = Readings(self, at: now, sources, connection)
        // What is not there any more is no reason to fire; what is there and says nothing may be.
        let signal = isGone ? AlertPhase.Signal(holds: false) : try readings.signal()
        var (phase, notice) = phase.next(signal, draft.timing, at: now)
        var lateHour: Timestamp?
        if notice == .firing {
            lateHour = late.last.map { Timestamp(seconds: Int64($0) * 3600) }
        } else if !late.isEmpty, !isGone, phase.state != .firing, phase.state != .recovering, signal.holds != true,
            let found = try self.lateHour(among: late, sources, connection)
        {
            (phase, notice) = phase.fire(at: now)
            lateHour = found.hour
            readings = found.readings
        }
        let isSilenced = isSilenced(at: now)
        var told = isSilenced ? nil : notice
        var owes = owesNotice
        switch notice {
        case .firing: owes = isSilenced
        case .resolved:
            // Nobody was told that it fired.
            if owes { told = nil }
            owes = false
        default: break
        }
        if owes, !isSilenced, phase.state == .firing {
            told = .firing
            owes = false
        }
        return Step(
            signal: signal, phase: phase, notice: told, owesNotice: owes, readings: readings.json, measured: readings.highest,
            isSilenced: isSilenced,
            fires: notice == .firing, lateHour: notice == .firing ? lateHour : nil)
    }

    func isChanged(by step: Step) -> Bool {
        isNew || (isGone && step.phase.state == .inactive) || step.phase != phase || step.notice != nil || step.owesNotice != owesNotice
    }

    /// Writes the step, tells of it and acts on it: all of it in this transaction. Answers whether an engine has something to do.
    func take(_ step: Step, _ engine: OperationEngine, by: Attribution, _ connection: Connection) throws -> Bool {
        try save(step.phase, owesNotice: step.owesNotice, at: by.at, connection)
        guard step.phase.state != phase.state || step.notice != nil || step.fires else { return false }
        let cause = try AlertCause(of: self, measured: step.measured, at: by.at, connection)
        // What it tells and does is part of the trace of what moved it.
        let by = Attribution(
            tenant: tenant, actor: by.actor, address: nil, request: nil, surroundings: by.surroundings, trace: cause.trace)
        if step.phase.state != phase.state { try note(step, cause, by: by, connection) }
        if let notice = step.notice {
            if notice == .repeated { connection.append(event("alert.repeated", step, cause), by: by) }
            if draft.channels.contains(.slack) {
                try SlackMessage.queue(slackText(notice, step), notice.rawValue, of: id, by: by, connection)
            }
        }
        guard step.fires else { return false }
        return try act(engine, by: by, connection).map { !$0.resources.isEmpty } ?? false
    }

    private func note(_ step: Step, _ cause: AlertCause, by: Attribution, _ connection: Connection) throws {
        let place = try connection.row(
            "SELECT COALESCE(MAX(place), 0) + 1 FROM alert_changes WHERE workspace = ? AND mode = ? AND alert = ?", tenant.workspace,
            tenant.mode, id
        ) { $0.integer(0) }
        try connection.execute(
            """
            INSERT INTO alert_changes (workspace, mode, alert, place, id, at, before, after, readings, is_silenced, label_set, late_hour)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, tenant.workspace, tenant.mode, id, place ?? 1, by.makeID(ChangeKind.self), by.at, phase.state, step.phase.state,
            step.readings.text, step.isSilenced, group?.text, step.lateHour)
        // A resolved alert that has been shown long enough says nothing.
        guard !(phase.state == .resolved && step.phase.state == .inactive) else { return }
        let type =
            switch step.phase.state {
            case .inactive: "alert.cleared"
            case .pending: "alert.pending"
            case .firing: "alert.firing"
            case .recovering: "alert.recovering"
            case .resolved: "alert.resolved"
            }
        connection.append(event(type, step, cause), by: by)
    }

    private func event(_ type: String, _ step: Step, _ cause: AlertCause) -> EventDraft {
        var members = subjectMembers
        members += [
            .init("name", .string(draft.name)), .init("rule", .string(draft.rule.source)),
            .init("severity", .string(draft.severity.rawValue)), .init("labels", JSON(labels: draft.labels)),
            .init("before", .string(phase.state.rawValue)), .init("after", .string(step.phase.state.rawValue)),
            .init("values", step.readings), .init("silenced", .bool(step.isSilenced)),
            .init("cause", cause.json),
        ]
        if let hour = step.lateHour { members += [.init("late", true), .init("late_hour", JSON(hour))] }
        return EventDraft(type, subject: id.rawValue, data: .object(members))
    }

    private func slackText(_ notice: AlertPhase.Notice, _ step: Step) -> String {
        let verb =
            switch notice {
            case .firing: "fires"
            case .repeated: "still fires"
            case .resolved: "is resolved"
            }
        let values = (step.readings.members ?? []).map { "\($0.name) = \($0.value.string ?? "no data")" }.joined(separator: ", ")
        let late = step.lateHour.map { " late, for the hour from \($0)" } ?? ""
        let place = group.map { "\n\($0.sentence)" } ?? ""
        return "[\(draft.severity.rawValue)] \(draft.name) \(verb)\(late): \(draft.rule.source)\(place)\n\(values)\n\(id)"
    }
}
