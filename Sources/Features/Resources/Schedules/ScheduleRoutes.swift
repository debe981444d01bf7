import HTTPTypes
import Identity
import Kernel
import Provider
import Storage
package import Web

/// `/v1/schedules`: instances that run only when they are needed, and what that saves.
package enum ScheduleRoutes {
    package static let all: [Route] = [
        Route(
            .get, "/v1/schedules", .scope(.instancesRead), "List schedules",
            query: ListEnvelope.parameters(sort: Schedule.sortFields, filters: [.init("project_id", .string(1...100))]),
            answers: [.list(of: ScheduleView.schema)], handler: list),
        Route(
            .post, "/v1/schedules", .scope(.instancesWrite), "Make a schedule",
            details: """
                On its days instances are started and stopped at its times, by the clock of its time zone. Who starts one by hand keeps it until the \
                next of these times. `saved` is measured: the hours in which what the schedule stopped was not charged, at the prices of then.
                """,
            body: .required(.object([.required("name", .name()), .optional("project_id", .id("proj"))] + fields(required: true))),
            answers: [.created(ScheduleView.schema)], problems: [.notFound, .forbidden, .projectArchived, .invalidReference],
            handler: create),
        Route(.get, "/v1/schedules/{id}", .scope(.instancesRead), "Read a schedule", answers: [.ok(ScheduleView.schema)], handler: read),
        Route(
            .patch, "/v1/schedules/{id}", .scope(.instancesWrite), "Change a schedule",
            body: .required(.object([.optional("name", .name())] + fields(required: false))), answers: [.ok(ScheduleView.schema)],
            problems: [.forbidden, .invalidReference, .preconditionFailed], handler: update),
        Route(
            .delete, "/v1/schedules/{id}", .scope(.instancesWrite), "Delete a schedule", details: "Its instances stay as they are.",
            answers: [.noContent()], problems: [.forbidden, .preconditionFailed], handler: delete),
    ]

    private static func fields(required: Bool) -> [Schema.Field] {
        let days = Schema.array(.choice(of: WeeklyTimes.Day.self), 1...7)
        let time = Schema.string(5...5, .text, "By the clock of the time zone.").example("08:30")
        return [
            required ? .required("days", days) : .optional("days", days),
            .optional("time_zone", .string(1...64, .text, "An IANA name; UTC when left out.").example("Europe/Berlin")),
            .optional("start_time", time.nullable), .optional("stop_time", time.nullable),
            .optional("selector", Schema.string(1...1000, .text, "Labels of the instances: `env=dev,team!=core`.").nullable),
            .optional("instance_ids", .array(.string(1...100), 0...200, "Or the instances themselves, by id.")),
            .optional("enabled", .boolean()),
        ]
    }

    private static func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        let page = try await call.read { connection in
            try Schedule.list(request, project: call.query["project_id"], for: call.caller, connection)
                .map { try ScheduleView.of($0, at: call.at, connection) }
        }
        return call.answer(page)
    }

    private static func read(_ call: Call) async throws -> Answer {
        let view = try await call.read { try ScheduleView.of(Schedule.find(call.id(), for: call.caller, $0), at: call.at, $0) }
        return .json(.ok, view).with(etag: view.schedule.etag)
    }

    private static func create(_ call: Call) async throws -> Answer {
        guard let project = call.body?["project_id"]?.string.map({ ProjectID($0) }) ?? call.caller.credential.project else {
            throw Problem.invalid("project_id", "Say whose it is: this credential belongs to no single project.", code: "required")
        }
        let by = call.attribution
        return try await call.commit { connection in
            try call.caller.require(.editor, in: project)
            try Project.find(project, for: call.caller, connection).requireActive()
            var schedule = Schedule(
                id: by.makeID(), tenant: call.caller.tenant, project: project, name: "", isEnabled: true,
                times: try WeeklyTimes(call.body ?? .null), selector: nil, instances: [], next: nil, savedAmount: .zero,
                savedMilliseconds: 0,
                savedCurrency: "USD", version: 1, createdAt: by.at, updatedAt: by.at)
            try schedule.take(call.body ?? .null, at: by.at, for: call.caller, connection)
            try schedule.insert(connection)
            connection.append(EventDraft("schedule.created", subject: schedule.id.rawValue, data: ["after": schedule.snapshot]), by: by)
            let view = try ScheduleView.of(schedule, at: by.at, connection)
            return .created(view, at: "/v1/schedules/\(schedule.id)").with(etag: schedule.etag)
        }
    }

    private static func update(_ call: Call) async throws -> Answer {
        let by = call.attribution
        return try await call.commit { connection in
            var schedule = try Schedule.find(call.id(), for: call.caller, connection)
            try call.caller.require(.editor, in: schedule.project)
            try call.requireMatch(schedule.etag)
            let before = schedule.snapshot
            try schedule.take(call.body ?? .null, at: by.at, for: call.caller, connection)
            if schedule.snapshot != before {
                schedule.version += 1
                schedule.updatedAt = by.at
                try schedule.save(connection)
                connection.append(
                    EventDraft("schedule.updated", subject: schedule.id.rawValue, data: ["before": before, "after": schedule.snapshot]),
                    by: by)
            }
            return .json(.ok, try ScheduleView.of(schedule, at: by.at, connection)).with(etag: schedule.etag)
        }
    }

    private static func delete(_ call: Call) async throws -> Answer {
        try await call.commit { connection in
            let schedule = try Schedule.find(call.id(), for: call.caller, connection)
            try call.caller.require(.editor, in: schedule.project)
            try call.requireMatch(schedule.etag)
            try schedule.remove(connection)
            connection.append(
                EventDraft("schedule.deleted", subject: schedule.id.rawValue, data: ["before": schedule.snapshot]), by: call.attribution)
            return .noContent
        }
    }
}

extension Schedule {
    /// What a body says, over what it was. Throws `validation_failed`, and `invalid_reference` for what is no instance of its project.
    fileprivate mutating func take(_ body: JSON, at now: Timestamp, for caller: Caller, _ connection: Connection) throws {
        name = body["name"]?.string ?? name
        isEnabled = body["enabled"]?.bool ?? isEnabled
        let kept = (times.json.members ?? []).filter { body[$0.name] == nil }
        times = try WeeklyTimes(.object(kept + (body.members ?? []).filter { times.json[$0.name] != nil }))
        if let ids = body["instance_ids"]?.array {
            instances = try ids.enumerated().map { index, id in try instance(id.string ?? "", index, for: caller, connection) }
        }
        if let text = body["selector"] {
            selector = text.string
            if let text = text.string, (try? LabelSelector(text)) == nil {
                throw Problem.invalid("selector", "That is no selector such as env=dev,team!=core.", code: "selector")
            }
        }
        guard (selector == nil) != instances.isEmpty else {
            throw Problem.invalid("selector", "Say a selector or instance_ids, one of the two.", code: "combination")
        }
        next = isEnabled ? times.next(after: now) : nil
    }

    private func instance(_ id: String, _ index: Int, for caller: Caller, _ connection: Connection) throws -> ResourceID {
        if let found = try? Resource.find(id, .instance, project: project, for: caller, connection), found.project == project, !found.isGone
        {
            return found.id
        }
        throw Problem(
            .invalidReference, "There is no instance \(id.prefix(100)) in the project.",
            violations: [.init(pointer: "/instance_ids/\(index)", code: "not_found", detail: "names no instance of the project")])
    }
}

/// A schedule as it is answered, with what it has saved.
struct ScheduleView: JSONRepresentable, Sendable {
    let schedule: Schedule
    let saved: ScheduleSavings

    static func of(_ schedule: Schedule, at now: Timestamp, _ connection: Connection) throws -> ScheduleView {
        ScheduleView(schedule: schedule, saved: try ScheduleSavings.of(schedule, at: now, connection))
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", schedule.id)
            for member in schedule.snapshot.members ?? [] { json.dynamicField(member.name, member.value) }
            json.object("saved") { json in
                json.field("currency", saved.currency)
                json.field("amount", saved.amount.formatted(minimumPlaces: 2))
                json.field("hours", saved.hours.description)
            }
            json.field("next_action", schedule.next.map { $0.power == .running ? "start" : "stop" })
            json.field("next_at", schedule.next?.at)
            json.field("created_at", schedule.createdAt)
            json.field("updated_at", schedule.updatedAt)
        }
    }

    static let snapshotFields: [Schema.Field] = [
        .required("name", .string(1...120)), .required("project_id", .id("proj")), .required("enabled", .boolean()),
        .required("time_zone", .string(1...64)), .required("days", .array(.choice(of: WeeklyTimes.Day.self))),
        .required("start_time", Schema.string(5...5).nullable), .required("stop_time", Schema.string(5...5).nullable),
        .required("selector", Schema.string(1...1000).nullable), .required("instance_ids", .array(.id("inst"))),
    ]

    static let schema = Schema.named(
        "Schedule",
        .object(
            [.required("id", .id("sch"))] + snapshotFields + [
                .required(
                    "saved",
                    .object([
                        .required("currency", .string(3...3)), .required("amount", .string(1...60, .text, "At the prices of that time.")),
                        .required("hours", .string(1...60, .text, "In which what it stopped was not charged.")),
                    ])),
                .required("next_action", Schema.choice(["start", "stop"]).nullable), .required("next_at", Schema.timestamp().nullable),
                .required("created_at", .timestamp()), .required("updated_at", .timestamp()),
            ]))
}

package enum ScheduleEvents {
    private static let snapshot = Schema.object(ScheduleView.snapshotFields)
    private static let done: [Schema.Field] = [
        .required("name", .string(1...120)), .required("project_id", .id("proj")), .required("instance_ids", .array(.id("inst"))),
        .required(
            "failed", .array(.object([.required("id", .id("inst")), .required("code", .choice(Problem.Code.allCases.map(\.rawValue)))]))),
    ]

    package static let types: [EventType] = [
        .creation("schedule.created", "A schedule was made.", of: snapshot),
        .change("schedule.updated", "A schedule changed.", of: snapshot),
        .removal("schedule.deleted", "A schedule was removed.", of: snapshot),
        EventType("schedule.stopped", "It was time to stop: these instances are being stopped.", data: done),
        EventType("schedule.started", "It was time to start: these instances are being started.", data: done),
    ]
}
