import HTTPTypes
package import Kernel
import Storage
import Synchronization
package import Web

/// `POST /streams/ingest`, as Cloudthread documents it.
package struct IngestRoutes: Sendable {
    private let ingest: PointIngest

    package init(ingest: PointIngest) { self.ingest = ingest }

    package var all: [Route] {
        [
            Route(
                .post, "/streams/ingest", .scope(.streamsWrite), "Send points to a data stream",
                details: """
                    All points of a request are stored, or none. A point is named by metric, function, dimensions and hour: sent again, its \
                    value is replaced and it counts as updated. Where a request has it twice, the last one stands and it counts once.
                    """, body: .raw(Self.body), answers: [.created(Self.answer, "Stored.")],
                problems: [.forbidden, .invalidJSON, .notFound], handler: store
            ).onCloudthread("ingest_stream_data")
        ]
    }

    private func store(_ call: Call) async throws -> Answer {
        let prepared = try await ingest.prepare(call)
        try call.caller.requireWorkspace(.editor)
        let learnt = Mutex(PointIngest.Learnt())
        let answer = try await call.commit(inTurn: false) { connection in
            let (count, met) = try PointIngest.store(prepared, in: call.caller.tenant, at: call.at, connection)
            learnt.withLock { $0 = met }
            return .json(.created, count)
        }
        PointIngest.learn(learnt.withLock { $0 }, prepared, from: call)
        return answer
    }

    private static let answer = Schema.named(
        "IngestCount",
        .object([
            .required("created", .integer(0...10_000, "Points that were not there before.")),
            .required("updated", .integer(0...10_000, "Points that were there and have a new value.")),
        ]))

    private static let body = Schema.named(
        "StreamData",
        .object([
            .required("data_stream_token", .string(1...1000, .echo, "Names the data stream.")),
            .required("metric_agg_func", .word(MetricFunction.names, "`Sum`, `Average`, `Minimum` or `Maximum`; any case.")),
            .required("data", .array(point, 0...10_000)),
        ]))

    private static let point = Schema.object([
        .required(
            "timestamp",
            Schema(
                .any,
                "On the hour, UTC: `YYYY-MM-DD[ T]HH:MM:SS` with or without zone, `YYYY-MM-DD`, `yyyyMMddHHmmss`, `yyyyMMdd`, or seconds or milliseconds since 1970."
            ).example("2022-10-01 00:00:00")),
        .required("metric_name", .string(1...255, .echo)),
        .required("metric_value", Schema(.any, "A finite number, or a text that is one.").example(.double(12.5))),
        .optional(
            "custom_dimensions",
            Schema(.any, "At most 10 names and values, as an object or as an array of pairs.").example(["region": "us-east-1"])),
    ])
}

extension IngestCount: JSONRepresentable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("created", created)
            json.field("updated", updated)
        }
    }
}
