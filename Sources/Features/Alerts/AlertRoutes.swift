import HTTPTypes
import Kernel
import Outgoing
package import Resources
import Storage
package import Web

/// `/v1/alerts`: rules that are watched.
package struct AlertRoutes: Sendable {
    let engine: OperationEngine
    let sources: AlertSources

    package init(engine: OperationEngine, sources: AlertSources) {
        self.engine = engine
        self.sources = sources
    }

    package var all: [Route] { alerts + verbs }

    private var alerts: [Route] {
        [
            Route(
                .get, "/v1/alerts", .scope(.alertsRead), "List alerts",
                query: ListEnvelope.parameters(
                    sort: Alert.sortFields,
                    filters: [
                        .init("state", AlertView.state), .init("account_id", .string(1...100)), .init("project_id", .string(1...100)),
                        .init("resource_id", .string(1...100)),
                    ]), answers: [.list(of: AlertView.schema)], handler: list),
            Route(
                .post, "/v1/alerts", .scope(.alertsWrite), "Make an alert",
                details: """
                    A rule compares metrics and numbers (`> >= < <= == !=`, `+ - * /`, `and`, `or`, parentheses; `85%`, `10k`, `1M`; \
                    `avg(cpu_percent, 5m)`). Metrics: \(Metric.allCases.map { "`\($0.pattern)`: \($0.meaning)" }.joined(separator: " "))
                    """, body: .required(AlertBody.creation), answers: [.created(AlertView.schema)],
                problems: [.forbidden, .quotaExceeded],
                handler: create),
            Route(.get, "/v1/alerts/{id}", .scope(.alertsRead), "Read an alert", answers: [.ok(AlertView.schema)], handler: get),
            Route(
                .patch, "/v1/alerts/{id}", .scope(.alertsWrite), "Change an alert",
                details: "A merge-patch; what it is about stays.", body: .required(AlertBody.change), answers: [.ok(AlertView.schema)],
                problems: [.forbidden, .preconditionFailed], handler: update),
            Route(
                .delete, "/v1/alerts/{id}", .scope(.alertsWrite), "Delete an alert",
                details: "A project it has frozen is let go.", answers: [.noContent()], problems: [.forbidden, .preconditionFailed],
                handler: delete),
        ]
    }

    private var verbs: [Route] {
        [
            Route(
                .get, "/v1/alerts/{id}/history", .scope(.alertsRead), "What states an alert has been in",
                query: ListEnvelope.parameters(sort: ["at"]), answers: [.list(of: AlertChange.schema)], handler: history),
            Route(
                .post, "/v1/alerts/{id}/dry-run", .scope(.alertsRead), "See what an alert would do",
                details: "Now, and with `from` over a time that has passed. Nothing is told, done or kept.",
                body: .optional(.object([.optional("from", .timestamp()), .optional("to", .timestamp())])),
                answers: [.ok(Rehearsal.schema)], handler: rehearse),
            Route(
                .post, "/v1/alerts/{id}/silence", .scope(.alertsWrite), "Silence an alert for a while",
                details: "It is watched, and acts, all the same. If it still fires when the silence is over, that is told once.",
                body: .required(
                    .object([
                        .required("until", Schema.timestamp("Null lets it speak again.").nullable),
                        .optional("reason", .string(0...500)),
                        .optional(
                            "matchers",
                            Schema(.map(.string(0...1000, .echo)), "Only groups with these values, such as `{\"label:team\": \"core\"}`.")),
                    ])), answers: [.ok(AlertView.schema)], problems: [.forbidden], handler: silence),
            Route(
                .post, "/v1/alerts/{id}/undo", .scope(.alertsWrite), "Take back what an alert did last",
                details: "What it stopped is started; what it froze is let go. `resource_ids` are those that are started.",
                answers: [.ok(AlertView.deed)], problems: [.forbidden, .invalidState], handler: undo),
        ]
    }

    private func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        let filter = Alert.Filter(
            state: call.query["state"], account: call.query["account_id"], project: call.query["project_id"],
            resource: call.query["resource_id"])
        let page = try await call.read { connection in
            try Alert.list(request, filter, for: call.caller, connection).map {
                try AlertView.read($0, at: call.at, isListed: true, sources, connection)
            }
        }
        return call.answer(page)
    }

    private func get(_ call: Call) async throws -> Answer {
        let view = try await call.read { try AlertView.read(Alert.find(call.id(), for: call.caller, $0), at: call.at, sources, $0) }
        return .json(.ok, view, capacity: 1024).with(etag: view.alert.etag)
    }

    private func create(_ call: Call) async throws -> Answer {
        try await call.commit { connection in
            let reader = AlertBody.Reader(caller: call.caller, connection: connection)
            let alert = try Alert.create(try reader.draft(call.body), projects: reader.reach(), by: call.attribution, connection)
            let view = try AlertView.read(alert, at: call.at, sources, connection)
            return .created(view, at: "/v1/alerts/\(alert.id)").with(etag: alert.etag)
        }
    }

    private func update(_ call: Call) async throws -> Answer {
        try await call.commit { connection in
            let alert = try call.editedAlert(connection)
            try call.requireMatch(alert.etag)
            var draft = alert.draft
            try AlertBody.Reader(caller: call.caller, connection: connection).apply(call.body, to: &draft)
            let updated = try alert.update(draft, by: call.attribution, connection)
            return .json(.ok, try AlertView.read(updated, at: call.at, sources, connection), capacity: 1024).with(etag: updated.etag)
        }
    }

    private func delete(_ call: Call) async throws -> Answer {
        try await call.commit { connection in
            let alert = try call.editedAlert(connection)
            try call.requireMatch(alert.etag)
            try alert.delete(by: call.attribution, connection)
            return .noContent
        }
    }

    private func history(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        return call.answer(
            try await call.read { try AlertChange.list(request, of: Alert.find(call.id(), for: call.caller, $0), $0) })
    }

    private func rehearse(_ call: Call) async throws -> Answer {
        let from = call.body?["from"]?.string.flatMap { Timestamp($0) }
        let to = call.body?["to"]?.string.flatMap { Timestamp($0) }
        return .json(
            .ok,
            try await call.read { [sources] connection in
                try Rehearsal.now(Alert.find(call.id(), for: call.caller, connection), at: call.at, from: from, to: to, sources, connection)
            }, capacity: 2048)
    }

    private func silence(_ call: Call) async throws -> Answer {
        let until = call.body?["until"]?.string.flatMap { Timestamp($0) }
        if let until, until <= call.at { throw Problem.invalid("until", "The silence would be over already.", code: "past") }
        let matchers = [String: String](labels: call.body?["matchers"] ?? .null)
        let silence = until.map { Alert.Silence(until: $0, reason: call.body?["reason"]?.string ?? "", matchers: matchers) }
        return try await call.commit { connection in
            let found = try call.editedAlert(connection)
            let keys = found.draft.groupBy.map(\.text)
            if let stranger = matchers.keys.sorted().first(where: { !keys.contains($0) }) {
                throw Problem(
                    .validationFailed, "The alert is not grouped by \(stranger).",
                    violations: [.init(pointer: "/matchers", code: "combination", detail: "names what the alert is not grouped by")],
                    members: ["group_keys": .array(keys.map(JSON.string))])
            }
            let alert = try found.silence(silence, by: call.attribution, connection)
            return .json(.ok, try AlertView.read(alert, at: call.at, sources, connection), capacity: 1024)
        }
    }

    private func undo(_ call: Call) async throws -> Answer {
        let answer = try await call.commit { [engine] connection in
            let alert = try call.editedAlert(connection)
            guard let deed = try AlertDeed.last(of: alert, connection) else {
                throw Problem(.invalidState, "The alert has done nothing yet.")
            }
            let undone = try deed.undo(alert, engine, for: call.caller, by: call.attribution, connection)
            return .json(.ok, undone.json)
        }
        engine.wake()
        return answer
    }
}

extension Call {
    /// The alert of the path. Throws `not_found`, and `forbidden` for who may only look.
    fileprivate func editedAlert(_ connection: Connection) throws -> Alert {
        let alert = try Alert.find(id(), for: caller, connection)
        try alert.requireEditor(caller)
        return alert
    }
}
