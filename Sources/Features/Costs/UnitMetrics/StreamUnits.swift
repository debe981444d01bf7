package import Kernel
import Metering
package import Storage
package import Web

/// A metric of a data stream, with the function it was sent with.
package struct StreamUnits: UnitSource {
    package let name = "stream"

    package init() {}

    package var fields: [Schema.Field] {
        [
            .optional("stream_id", .id("stm", "With `stream`: of this stream alone; else of all of them.")),
            .optional("metric_name", .string(1...255, .echo, "With `stream`: which metric.")),
            .optional(
                "metric_agg_func", .choice(of: MetricFunction.self, "With `stream`: the function it was sent with; `Sum` if left out.")),
        ]
    }

    package func aggregation(of side: UnitSide) -> String { function(of: side).rawValue.uppercased() }

    package func check(_ side: UnitSide, at place: String, for caller: Caller, _ connection: Connection) throws {
        guard side.parameters["metric_name"] != nil else {
            throw Problem.invalid(place + "/metric_name", "Say which metric of the stream.", code: "combination")
        }
        guard let stream = side.parameters["stream_id"]?.string else { return }
        do {
            _ = try DataStream.find(DataStreamID(stream), for: caller, connection)
        } catch let problem as Problem where problem.code == .notFound {
            throw Problem.invalid(place + "/stream_id", "There is no such stream.", code: "not_found")
        }
    }

    /// The spans follow each other without a gap. Streams belong to the workspace: who reaches single projects sees none of their points.
    package func amounts(of side: UnitSide, in spans: [Range<Timestamp>], _ question: Query, for caller: Caller, _ connection: Connection)
        throws -> [ExactDecimal?]
    {
        guard caller.reachesWorkspace, let last = spans.last else { return spans.map { _ in nil } }
        let function = function(of: side)
        let hours = (spans.map(\.lowerBound) + [last.upperBound]).map { Int($0.milliseconds / 3_600_000) }
        let question = Points.Question(
            stream: side.parameters["stream_id"]?.string.map { DataStreamID($0) }, metric: side.parameters["metric_name"]?.string ?? "",
            function: function, buckets: BucketCalendar(bounds: hours))
        let cells = try Points.aggregate(question, in: caller.tenant, connection).first?.cells
        return spans.indices.map { index in
            guard let cell = cells?[index], cell.count > 0 else { return nil }
            return cell.value(function).flatMap { ExactDecimal($0.description) }
        }
    }

    private func function(of side: UnitSide) -> MetricFunction {
        side.parameters["metric_agg_func"]?.string.flatMap(MetricFunction.init(reading:)) ?? .sum
    }
}
