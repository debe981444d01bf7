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

    func exposition(_ parts: Parts) -> String {
        let commits = parts.store.commits
        return registry.exposition + """
            # TYPE store_transactions_total counter
            store_transactions_total \(commits.transactions)
            # TYPE store_writes_total counter
            store_writes_total \(commits.writes)
            # TYPE http_requests_in_flight gauge
            http_requests_in_flight \(parts.pipeline.requestsInFlight)

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
