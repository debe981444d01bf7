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
    }

    func step(at now: Timestamp, _ connection: Connection) throws -> Step {
        var readings = Readings(self, at: now, connection)
        // What is not there any more is no reason to fire; what is there and says nothing may be.
        let signal = isGone ? AlertPhase.Signal(holds: false) : try readings.signal()
        let (phase, notice) = phase.next(signal, draft.timing, at: now)
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
            fires: notice == .firing)
    }

    func isChanged(by step: Step) -> Bool {
        isNew || (isGone && step.phase.state == .inactive) || step.phase != phase || step.notice != nil || step.owesNotice != owesNotice
    }

    /// Writes the step, tells of it and acts on it: all of it in this transaction. Answers whether an engine has something to do.
    func take(_ step: Step, _ engine: OperationEngine, by: Attribution, _ connection: Connection) throws -> Bool {
        try save(step.phase, owesNotice: step.owesNotice, at: by.at, connection)
        if step.phase.state != phase.state { try note(step, by: by, connection) }
        if let notice = step.notice {
            if notice == .repeated { connection.append(try event("alert.repeated", step, at: by.at, connection), by: by) }
            if draft.channels.contains(.slack) {
                try SlackMessage.queue(slackText(notice, step), notice.rawValue, of: id, in: tenant, at: by.at, connection)
            }
        }
        guard step.fires else { return false }
        return try act(engine, by: by, connection).map { !$0.resources.isEmpty } ?? false
    }

    private func note(_ step: Step, by: Attribution, _ connection: Connection) throws {
        let place = try connection.row(
            "SELECT COALESCE(MAX(place), 0) + 1 FROM alert_changes WHERE workspace = ? AND mode = ? AND alert = ?", tenant.workspace,
            tenant.mode, id
        ) { $0.integer(0) }
        try connection.execute(
            """
            INSERT INTO alert_changes (workspace, mode, alert, place, id, at, before, after, readings, is_silenced, label_set)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, tenant.workspace, tenant.mode, id, place ?? 1, by.makeID(ChangeKind.self), by.at, phase.state, step.phase.state,
            step.readings.text, step.isSilenced, group?.text)
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
        connection.append(try event(type, step, at: by.at, connection), by: by)
    }

    private func event(_ type: String, _ step: Step, at now: Timestamp, _ connection: Connection) throws -> EventDraft {
        var members = subjectMembers
        members += [
            .init("name", .string(draft.name)), .init("rule", .string(draft.rule.source)),
            .init("severity", .string(draft.severity.rawValue)), .init("labels", JSON(labels: draft.labels)),
            .init("before", .string(phase.state.rawValue)), .init("after", .string(step.phase.state.rawValue)),
            .init("values", step.readings), .init("silenced", .bool(step.isSilenced)),
            .init("cause", try AlertCause(of: self, measured: step.measured, at: now, connection).json),
        ]
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
        let place = group.map { "\n\($0.sentence)" } ?? ""
        return "[\(draft.severity.rawValue)] \(draft.name) \(verb): \(draft.rule.source)\(place)\n\(values)\n\(id)"
    }
}
