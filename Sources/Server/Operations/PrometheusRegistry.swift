import CoreMetrics
import Synchronization

/// Counters and latency histograms in Prometheus' text form 0.0.4. Gauges and recorders of others are accepted and kept as their last value.
final class PrometheusRegistry: MetricsFactory {
    private let series = Mutex<[Series]>([])

    private struct Series: Sendable {
        let label: String
        let dimensions: String
        let handler: any PrometheusInstrument
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        register(label, dimensions, PrometheusCounter())
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { register(label, dimensions, PrometheusHistogram()) }
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        register(label, dimensions, PrometheusGauge())
    }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}

    private func register<Instrument: PrometheusInstrument>(_ label: String, _ dimensions: [(String, String)], _ instrument: Instrument)
        -> Instrument
    {
        let text = dimensions.map { "\($0)=\"\($1.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"" }.joined(separator: ",")
        series.withLock { $0.append(Series(label: label, dimensions: text, handler: instrument)) }
        return instrument
    }

    var exposition: String {
        var text = ""
        var typed: Set<String> = []
        for series in series.withLock({ $0 }).sorted(by: { $0.label < $1.label }) where series.handler.isUsed {
            if typed.insert(series.label).inserted { text += "# TYPE \(series.label) \(series.handler.type)\n" }
            text += series.handler.lines(series.label, series.dimensions)
        }
        return text
    }
}

protocol PrometheusInstrument: AnyObject, Sendable {
    var type: String { get }
    /// A series nobody has touched is not shown.
    var isUsed: Bool { get }
    func lines(_ label: String, _ dimensions: String) -> String
}

final class PrometheusCounter: CounterHandler, PrometheusInstrument {
    private let value = Atomic<Int64>(0)
    let type = "counter"
    var isUsed: Bool { value.load(ordering: .relaxed) > 0 }
    func increment(by amount: Int64) { value.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { value.store(0, ordering: .relaxed) }
    func lines(_ label: String, _ dimensions: String) -> String { "\(label){\(dimensions)} \(value.load(ordering: .relaxed))\n" }
}

final class PrometheusGauge: RecorderHandler, PrometheusInstrument {
    private let value = Mutex<Double?>(nil)
    let type = "gauge"
    var isUsed: Bool { value.withLock { $0 != nil } }
    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) { self.value.withLock { $0 = value } }
    func lines(_ label: String, _ dimensions: String) -> String { "\(label){\(dimensions)} \(value.withLock { $0 } ?? 0)\n" }
}

/// Buckets from 0.25 ms to 8 s, each twice the one before.
final class PrometheusHistogram: TimerHandler, PrometheusInstrument {
    private static let bounds: [Int64] = (0..<16).map { 250_000 << Int64($0) }
    private let state = Mutex((buckets: [Int64](repeating: 0, count: 17), sum: Int64(0)))
    let type = "histogram"
    var isUsed: Bool { state.withLock { $0.buckets.contains { $0 > 0 } } }

    func recordNanoseconds(_ duration: Int64) {
        let index = Self.bounds.firstIndex { duration <= $0 } ?? 16
        state.withLock { state in
            state.buckets[index] += 1
            state.sum += duration
        }
    }

    func lines(_ label: String, _ dimensions: String) -> String {
        let (buckets, sum) = state.withLock { $0 }
        var text = ""
        var total: Int64 = 0
        for (index, count) in buckets.enumerated() {
            total += count
            let bound = index < Self.bounds.count ? "\(Double(Self.bounds[index]) / 1e9)" : "+Inf"
            text += "\(label)_bucket{\(dimensions),le=\"\(bound)\"} \(total)\n"
        }
        return text + "\(label)_sum{\(dimensions)} \(Double(sum) / 1e9)\n\(label)_count{\(dimensions)} \(total)\n"
    }
}
