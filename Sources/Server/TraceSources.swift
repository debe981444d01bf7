import Alerts
import Prices
import Resources
import Web
import Webhooks

/// Every feature that knows what a request set in motion.
enum TraceSources {
    static let all: [any TraceSource] = [ResourceTrace(), ChargeTrace(), WebhookTrace(), AlertTrace()]
}
