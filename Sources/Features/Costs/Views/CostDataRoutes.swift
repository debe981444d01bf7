import HTTPTypes
import Kernel
import Storage
package import Web

/// What a view shows: the one reading, as `/v1` and as Cloudthread write it.
package struct CostDataRoutes: Sendable {
    private let reader: CostReader

    package init(cache: ColumnCache) { reader = CostReader(cache: cache) }

    private static let day = Schema.string(10...10, .date)

    package var all: [Route] {
        [
            Route(
                .get, "/v1/cost-views/{id}/data", .scope(.costsRead), "Read the costs of a view",
                details: """
                    Both dates are inclusive. Without them: the last seven days. Every bucket is there, first and last clipped to the dates; a charge belongs \
                    to the bucket its period begins in, unless `spread` lays it over all that its period runs through. Nothing is excluded unless the view or `exclude` says so.
                    """,
                query: [
                    .init("start_date", Self.day), .init("end_date", Self.day), .init("granularity", .choice(of: Granularity.self)),
                    .init("cost_type", .string(1...40, .text, "\(CostType.names.joined(separator: ", ")), or the id of a cost column.")),
                    .init("amortization", .boolean()),
                    .init("spread", .boolean("Each charge by how much of its period is in a bucket; not of blended costs.")),
                    .init("exclude", .string(0...200, .text, "Words parted by commas.")),
                    .init("group_by", .string(0...400, .text, "Dimensions parted by commas, at most five.")),
                    .init("zone", .string(1...60, .text, "An IANA time zone.")), .init("currency", .string(3...3)),
                    .init("compare", .choice(["none", "previous_period", "previous_month", "previous_year", "custom"])),
                    .init("compare_start_date", Self.day), .init("compare_end_date", Self.day),
                    .init("limit", .integer(1...1000, "How many groups are told apart; the rest is in `other`.")),
                ] + Dimension.path.map { .init($0, .string(1...1000, .text, "Only rows of this \($0).")) },
                answers: [.ok(CostData.schema)], problems: [.notFound], handler: read),
            Route(
                .get, "/cost/metric/{metric_id}", .scope(.costsRead), "Read a cost view, bucket by bucket, against the period before",
                query: [
                    .init("start_date", .string(0...40, .echo, "Inclusive; YYYY-MM-DD.")),
                    .init("end_date", .string(0...40, .echo, "Inclusive; YYYY-MM-DD.")),
                    .init("cost_type", .string(0...60, .echo)), .init("amortization", .string(0...10, .echo)),
                    .init("exclude", .string(0...200, .echo)), .init("granularity", .string(0...20, .echo)),
                ], answers: [.ok(CostMetric.schema)], problems: [.notFound], handler: metric
            ).onCloudthread("get_cost_metric_filter_data"),
        ]
    }

    private func read(_ call: Call) async throws -> Answer {
        let data = try await reader.read(call) { connection in
            var request = try CostRequest(CostView.find(call.id(), in: call.caller.tenant, connection))
            try request.apply(call.query, at: call.at)
            return request
        }
        return .json(.ok, data, capacity: 16_384)
    }

    private func metric(_ call: Call) async throws -> Answer {
        let data = try await reader.read(call) { connection in
            let id = CostViewID(call.parameter("metric_id"))
            var request = try CostRequest(CostView.find(id, in: call.caller.tenant, connection))
            try request.applyCloudthread(call.query)
            return request
        }
        return .json(.ok, CostMetric(data: data), capacity: 8192)
    }
}
