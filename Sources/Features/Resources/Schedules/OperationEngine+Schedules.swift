import Kernel
import Logging
import Prices
import Provider
import Storage
import Web

extension OperationEngine {
    /// Does what schedules ask for by now, and settles what has been saved. Of what was missed while the server stood still only the last counts.
    package func runSchedules() async throws {
        let now = surroundings.now()
        for schedule in try await store.read({ try Schedule.due(by: now, $0) }) {
            do {
                try await perform(schedule)
            } catch {
                logger.error("schedule not kept", metadata: ["schedule": "\(schedule.id)", "error": "\(error)"])
            }
        }
    }

    private func perform(_ due: Schedule) async throws {
        let by = Attribution(
            tenant: due.tenant, actor: Actor(type: "schedule", id: due.id.rawValue, credential: nil), address: nil, request: nil,
            surroundings: surroundings)
        try await store.write(in: due.tenant.workspace) { [self] connection in
            guard var schedule = try Schedule.find(due.id, in: due.tenant, connection), let next = schedule.next, next.at <= by.at else {
                return
            }
            try settle(&schedule, at: by.at, connection)
            let power = schedule.times.last(until: by.at)?.power ?? next.power
            var done: [JSON] = []
            var failed: [JSON] = []
            for instance in try schedule.targets(connection) {
                do {
                    let began = try connection.savepoint { try change(instance, to: power, of: schedule, by: by, connection) }
                    if began { done.append(JSON(instance.id)) }
                } catch let problem as Problem {
                    failed.append(["id": JSON(instance.id), "code": .string(problem.code.rawValue)])
                }
            }
            schedule.next = schedule.times.next(after: by.at)
            try schedule.save(connection)
            connection.append(
                EventDraft(
                    power == .running ? "schedule.started" : "schedule.stopped", subject: schedule.id.rawValue,
                    data: [
                        "name": .string(schedule.name), "project_id": JSON(schedule.project), "instance_ids": .array(done),
                        "failed": .array(failed),
                    ]), by: by)
        }
        wake()
    }

    /// Whether there was anything to do.
    private func change(_ instance: Resource, to power: Power, of schedule: Schedule, by: Attribution, _ connection: Connection) throws
        -> Bool
    {
        guard power == .stopped else { return try start(instance, by: by, connection) != nil }
        let sku = instance.chargedLines.first?.sku
        guard try stop(instance, by: by, connection) != nil else { return false }
        if let sku {
            try ScheduledStop(schedule: schedule.id, tenant: schedule.tenant, instance: instance.id, sku: sku, at: by.at).insert(connection)
        }
        return true
    }

    /// Adds up the stops that are over.
    private func settle(_ schedule: inout Schedule, at now: Timestamp, _ connection: Connection) throws {
        var settled = ScheduleSavings(settledOf: schedule)
        for stop in try ScheduledStop.all(of: schedule, connection) {
            var trial = settled
            guard try trial.add(stop, at: now, connection) else { continue }
            settled = trial
            try stop.remove(connection)
        }
        (schedule.savedAmount, schedule.savedMilliseconds, schedule.savedCurrency) = (
            settled.amount, settled.milliseconds, settled.currency
        )
    }
}
