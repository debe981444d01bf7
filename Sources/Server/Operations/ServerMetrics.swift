import Alerts
import CoreMetrics
import Metrics
import Storage
import Synchronization
import Web

/// What `/metrics` shows: a small Prometheus backend for swift-metrics, made by the server and handed on, never the global one.
package final class ServerMetrics: Sendable {
    private let registry = PrometheusRegistry()

    package init() {}

    /// The instruments of one route, made once so that a request touches only atomics.
    func route(_ name: String) -> RouteInstruments {
        RouteInstruments(
            counters: (1...5).map {
                Counter(label: "http_requests_total", dimensions: [("route", name), ("status", "\($0)xx")], factory: registry)
            },
            latency: Timer(label: "http_request_duration_seconds", dimensions: [("route", name)], factory: registry))
    }

    /// What is counted, and how much waits where. Throws when the database cannot be read.
    func exposition(_ parts: Parts) async throws -> String {
        let commits = parts.store.commits
        let queues = try await parts.store.read { try QueueDepths.read($0) }
        return registry.exposition + batches(parts) + queues.exposition + evaluations(parts) + """
            # TYPE store_transactions_total counter
            store_transactions_total \(commits.transactions)
            # TYPE store_writes_total counter
            store_writes_total \(commits.writes)
            # TYPE http_requests_in_flight gauge
            http_requests_in_flight \(parts.pipeline.requestsInFlight)
            # TYPE http_streams_open gauge
            http_streams_open \(parts.pipeline.openStreams)

            """
    }

    /// How many writes shared a commit.
    private func batches(_ parts: Parts) -> String {
        let (batches, waiting) = parts.store.batches
        var total = 0
        var text = "# TYPE store_commit_batch_writes histogram\n"
        for (bound, count) in zip(CommitBatches.bounds, batches.counts) {
            total += count
            text += "store_commit_batch_writes_bucket{le=\"\(bound)\"} \(total)\n"
        }
        text += "store_commit_batch_writes_bucket{le=\"+Inf\"} \(total)\n"
        text += "store_commit_batch_writes_sum \(parts.store.commits.writes)\nstore_commit_batch_writes_count \(total)\n"
        return text + "# TYPE store_writes_waiting gauge\nstore_writes_waiting \(waiting)\n"
    }

    private func evaluations(_ parts: Parts) -> String {
        let seen = parts.evaluator.counts
        return """
            # TYPE alert_evaluations_total counter
            alert_evaluations_total \(seen.evaluations)
            # TYPE alert_steps_total counter
            alert_steps_total \(seen.steps)
            # TYPE alert_evaluation_last_seconds gauge
            alert_evaluation_last_seconds \(Double(seen.lastMicroseconds) / 1e6)

            """
    }
}

struct RouteInstruments: Sendable {
    fileprivate let counters: [Counter]
    fileprivate let latency: Timer

    func record(status: Int, took: Duration) {
        counters[min(max(status / 100, 1), 5) - 1].increment()
        latency.recordNanoseconds(Int64(took.components.attoseconds / 1_000_000_000) + took.components.seconds * 1_000_000_000)
    }
}
