import Kernel
import Web

/// The same as Cloudthread writes it: money as numbers, what is undefined left out.
struct CostMetric: JSONRepresentable {
    let data: CostData

    func write(to json: inout JSONWriter) {
        let whole = data.reading.whole
        let hours = data.request.granularity == .hour ? 6 : 0
        json.object { json in
            json.array("data", Array(data.reading.span.buckets.enumerated())) { json, place in
                let costs = Paired(
                    current: whole.current[place.offset],
                    previous: place.offset < whole.previous.count ? whole.previous[place.offset] : .zero)
                json.object { json in
                    json.field("current_timeframe_cost", costs.current.asNumber)
                    json.field("previous_timeframe_cost", costs.previous.asNumber)
                    json.field("pop_diff", costs.difference.asNumber)
                    if let change = costs.change(bySize: true) { json.field("pop_change", change.asNumber) }
                    json.field("date", place.element.label(hours: hours))
                }
            }
        }
    }

    static let schema = Schema.named(
        "CloudthreadCostMetric",
        .object([
            .required(
                "data",
                .array(
                    .object([
                        .required("current_timeframe_cost", .number()), .required("previous_timeframe_cost", .number()),
                        .required("pop_diff", .number()), .optional("pop_change", .number()),
                        .required("date", .string(8...14, .text, "YYYYMMDD, or yyyyMMddHHmmss for hours.")),
                    ]), 0...CostSpan.bucketLimit))
        ]))
}
