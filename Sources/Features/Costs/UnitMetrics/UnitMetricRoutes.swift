import HTTPTypes
import Kernel
import Storage
package import Web

package struct UnitMetricRoutes: Sendable {
    private let sources: [any UnitSource]

    package init(sources: [any UnitSource]) { self.sources = sources }

    private var side: Schema {
        .object([.required("source", .choice(sources.map(\.name)))] + sources.flatMap(\.fields))
    }

    package var all: [Route] {
        [
            Route(
                .get, "/v1/unit-metrics", .scope(.costsRead), "List unit metrics",
                query: ListEnvelope.parameters(sort: UnitMetric.sortFields), answers: [.list(of: UnitMetric.schema)], handler: list),
            Route(
                .post, "/v1/unit-metrics", .scope(.costsWrite), "Make a unit metric",
                details: "Its value is the numerator's amount by the denominator's, bucket by bucket.",
                body: .required(
                    .object([
                        .required("name", .name()), .optional("description", .string(0...1000)), .required("numerator", side),
                        .required("denominator", side),
                    ])), answers: [.created(UnitMetric.schema)], problems: [.forbidden, .nameTaken], handler: create),
            Route(.get, "/v1/unit-metrics/{id}", .scope(.costsRead), "Read a unit metric", answers: [.ok(UnitMetric.schema)], handler: get),
            Route(
                .patch, "/v1/unit-metrics/{id}", .scope(.costsWrite), "Change a unit metric",
                body: .required(
                    .object([
                        .optional("name", .name()), .optional("description", .string(0...1000)), .optional("numerator", side),
                        .optional("denominator", side),
                    ])), answers: [.ok(UnitMetric.schema)], problems: [.forbidden, .nameTaken, .preconditionFailed], handler: update),
            Route(
                .delete, "/v1/unit-metrics/{id}", .scope(.costsWrite), "Delete a unit metric", answers: [.noContent()],
                problems: [.forbidden, .preconditionFailed], handler: delete),
            Route(
                .get, "/unit/metric/{metric_id}", .scope(.costsRead), "Read the values of a unit metric",
                details: """
                    A value for each bucket and for the same bucket of the period before, which is as long and ends the day before. Where the \
                    denominator is nothing it is 0, and there is no value.
                    """,
                query: [
                    .init("start_date", .string(8...10, .text, "The first day, `YYYY-MM-DD`.").example("2022-06-17"), isRequired: true),
                    .init("end_date", .string(8...10, .text, "The last day, which counts.").example("2022-06-18"), isRequired: true),
                    .init("granularity", .word(UnitCalendar.words, "`day` when it is left out.")),
                    .init("cost_type", .string(0...60, .echo, "Of sides that are cost.")),
                    .init("amortization", .string(0...10, .echo, "Of sides that are cost.")),
                    .init("exclude", .string(0...200, .echo, "Of sides that are cost.")),
                ], answers: [.ok(UnitMetricValues.schema, "A value for each bucket, in order.")], problems: [.notFound], handler: values
            ).onCloudthread("get_unit_metric_filter_data"),
        ]
    }

    private func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        return call.answer(try await call.read { try UnitMetric.list(request, in: call.caller.tenant, $0) })
    }

    private func get(_ call: Call) async throws -> Answer {
        let metric = try await call.read { try UnitMetric.find(call.id(), in: call.caller.tenant, $0) }
        return .json(.ok, metric).with(etag: metric.etag)
    }

    private func create(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        return try await call.commit { connection in
            let sides = try sides(of: call, connection)
            let metric = try UnitMetric.create(
                name: call.body?["name"]?.string ?? "", description: call.body?["description"]?.string ?? "",
                numerator: sides[0] ?? UnitSide(.null), denominator: sides[1] ?? UnitSide(.null), by: call.attribution, connection)
            return .created(metric, at: "/v1/unit-metrics/\(metric.id)").with(etag: metric.etag)
        }
    }

    private func update(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        return try await call.commit { connection in
            let metric = try UnitMetric.find(call.id(), in: call.caller.tenant, connection)
            try call.requireMatch(metric.etag)
            let sides = try sides(of: call, connection)
            let updated = try metric.update(
                name: call.body?["name"]?.string, description: call.body?["description"]?.string, numerator: sides[0],
                denominator: sides[1], by: call.attribution, connection)
            return .json(.ok, updated).with(etag: updated.etag)
        }
    }

    private func delete(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        return try await call.commit { connection in
            let metric = try UnitMetric.find(call.id(), in: call.caller.tenant, connection)
            try call.requireMatch(metric.etag)
            try metric.delete(by: call.attribution, connection)
            return .noContent
        }
    }

    private func values(_ call: Call) async throws -> Answer {
        let calendar = try UnitCalendar(
            start: UnitCalendar.day("start_date", call.query), end: UnitCalendar.day("end_date", call.query),
            granularity: call.query["granularity"] ?? "day")
        let values = try await call.read { connection in
            let metric = try UnitMetric.find(UnitMetricID(call.parameter("metric_id")), in: call.caller.tenant, connection)
            return try UnitMetricValues(metric, sources, calendar, call, connection)
        }
        return .json(.ok, values, capacity: 300 * calendar.labels.count)
    }

    private func sides(of call: Call, _ connection: Connection) throws -> [UnitSide?] {
        try ["numerator", "denominator"].map { name in
            guard let side = call.body?[name].map(UnitSide.init) else { return nil }
            try sources.first { $0.name == side.source }?.check(side, at: name, for: call.caller, connection)
            return side
        }
    }
}
