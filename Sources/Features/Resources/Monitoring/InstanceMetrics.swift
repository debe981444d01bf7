import Kernel
import Provider
import Web

/// What `/metrics` of an instance answers: the measurements of a window, counters turned into rates.
struct InstanceMetrics: JSONRepresentable, SchemaDescribed {
    let instance: ResourceID
    let window: Window
    let from: Timestamp
    let to: Timestamp
    let samples: [Sample]

    enum Window: String, Sendable, CaseIterable {
        case fiveMinutes = "5m"
        case fifteenMinutes = "15m"
        case hour = "1h"
        case sixHours = "6h"
        case day = "24h"

        var seconds: Int64 {
            switch self {
            case .fiveMinutes: 300
            case .fifteenMinutes: 900
            case .hour: 3600
            case .sixHours: 21_600
            case .day: 86_400
            }
        }
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("instance_id", instance)
            json.field("window", window.rawValue)
            json.field("from", from)
            json.field("to", to)
            json.field("average_cpu_percent", average)
            json.array("data", points) { json, point in
                json.object { json in
                    json.field("at", point.sample.at)
                    json.field("cpu_percent", point.sample.cpuPercent)
                    json.field("memory_bytes", point.sample.memoryBytes)
                    json.field("memory_limit_bytes", point.sample.memoryLimitBytes)
                    json.field("network_received_bytes", point.sample.networkReceivedBytes)
                    json.field("network_sent_bytes", point.sample.networkSentBytes)
                    json.field("disk_read_bytes", point.sample.diskReadBytes)
                    json.field("disk_written_bytes", point.sample.diskWrittenBytes)
                    json.field("network_received_bytes_per_second", point.received)
                    json.field("network_sent_bytes_per_second", point.sent)
                }
            }
        }
    }

    private var average: Double? {
        samples.isEmpty ? nil : (samples.reduce(0) { $0 + $1.cpuPercent } / Double(samples.count) * 1000).rounded() / 1000
    }

    private struct Point {
        let sample: Sample
        let received: Double?
        let sent: Double?
    }

    /// A rate needs two measurements of one run: a counter that went back began anew.
    private var points: [Point] {
        samples.indices.map { index in
            let sample = samples[index]
            guard index > 0 else { return Point(sample: sample, received: nil, sent: nil) }
            let before = samples[index - 1]
            let seconds = Double(sample.at.milliseconds - before.at.milliseconds) / 1000
            func rate(_ now: Int, _ then: Int) -> Double? { now >= then && seconds > 0 ? Double(now - then) / seconds : nil }
            return Point(
                sample: sample, received: rate(sample.networkReceivedBytes, before.networkReceivedBytes),
                sent: rate(sample.networkSentBytes, before.networkSentBytes))
        }
    }

    static let schema = Schema.named(
        "InstanceMetrics",
        .object([
            .required("instance_id", .id("inst")), .required("window", .choice(of: Window.self)), .required("from", .timestamp()),
            .required("to", .timestamp()), .required("average_cpu_percent", Schema.number("Of one processor.").nullable),
            .required(
                "data",
                .array(
                    .object([
                        .required("at", .timestamp()), .required("cpu_percent", .number("Of one processor: 150 is one and a half.")),
                        .required("memory_bytes", .integer(0...Int64.max)),
                        .required("memory_limit_bytes", .integer(0...Int64.max)),
                        .required("network_received_bytes", .integer(0...Int64.max, "Since it started.")),
                        .required("network_sent_bytes", .integer(0...Int64.max)), .required("disk_read_bytes", .integer(0...Int64.max)),
                        .required("disk_written_bytes", .integer(0...Int64.max)),
                        .required("network_received_bytes_per_second", Schema.number().nullable),
                        .required("network_sent_bytes_per_second", Schema.number().nullable),
                    ]))),
        ]))
}
