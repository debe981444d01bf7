import Storage

/// How much waits, over all tenants: read from partial indexes that hold nothing but what waits.
struct QueueDepths: Sendable {
    let operations: [(state: String, count: Int)]
    let deliveriesDue: Int
    let deliveriesHeld: Int
    let messages: Int
    let alerts: [(state: String, count: Int)]

    static func read(_ connection: Connection) throws -> QueueDepths {
        func count(_ table: String, _ condition: String) throws -> Int {
            try connection.row("SELECT COUNT(*) FROM \(table) WHERE \(condition)") { $0.integer(0) } ?? 0
        }
        func states(_ table: String, _ condition: String) throws -> [(state: String, count: Int)] {
            try connection.rows("SELECT state, COUNT(*) FROM \(table) WHERE \(condition) GROUP BY state ORDER BY state") {
                (state: $0.text(0), count: $0.integer(1))
            }
        }
        return QueueDepths(
            operations: try states("operations", "finished_at IS NULL"),
            deliveriesDue: try count("webhook_deliveries", "due_at IS NOT NULL"),
            deliveriesHeld: try count("webhook_deliveries", "state = 'held'"), messages: try count("alert_messages", "state = 'queued'"),
            alerts: try states("alerts", "1 = 1"))
    }

    var exposition: String {
        var text = "# TYPE operations_unfinished gauge\n"
        for (state, count) in operations { text += "operations_unfinished{state=\"\(state)\"} \(count)\n" }
        if operations.isEmpty { text += "operations_unfinished{state=\"running\"} 0\n" }
        text += """
            # TYPE webhook_deliveries_waiting gauge
            webhook_deliveries_waiting{state="due"} \(deliveriesDue)
            webhook_deliveries_waiting{state="held"} \(deliveriesHeld)
            # TYPE alert_messages_waiting gauge
            alert_messages_waiting \(messages)
            # TYPE alerts gauge

            """
        for (state, count) in alerts { text += "alerts{state=\"\(state)\"} \(count)\n" }
        return text
    }
}
