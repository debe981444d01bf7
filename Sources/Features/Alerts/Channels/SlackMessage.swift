package import Kernel
package import Storage

/// Something to be posted: a row, so that nothing is lost with the process.
package struct SlackMessage: Sendable {
    let tenant: Tenant
    /// They are posted in this order, one after the other, so that "resolved" never comes before "fires".
    let place: Int
    let body: String
    let attempts: Int
    let dueAt: Timestamp
    /// That of the change it tells of; nil of a message older than that.
    let trace: TraceContext?

    enum State: String, Sendable, CaseIterable, SQLConvertible {
        /// There is no channel, or it is broken.
        case held
        case queued
        case delivered
        /// Slack will never take it, or did not for too long.
        case failed
    }

    /// Seconds until the next attempt, after so many.
    static let schedule: [Int64] = [5, 30, 120, 600, 1800, 3600, 3600, 3600, 3600]
    /// Days after which what is over is forgotten.
    static let retention: Int64 = 30

    /// `kind` is a notice, or `test`. All attempts are part of the trace of the change, or of one that begins here.
    static func queue(
        _ text: String, _ kind: String, of alert: AlertID?, by: Attribution, _ connection: Connection
    ) throws {
        let (tenant, now, random) = (by.tenant, by.at, by.surroundings.random)
        let trace = by.trace ?? .root((random(), random(), random()))
        let body: JSON = ["text": .string(escaped(text))]
        let state: State = try SlackChannel.find(in: tenant, connection)?.status == .connected ? .queued : .held
        let place = try connection.row(
            "SELECT COALESCE(MAX(place), 0) + 1 FROM alert_messages WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode
        ) { $0.integer(0) }
        try connection.execute(
            """
            INSERT INTO alert_messages (workspace, mode, place, channel, alert, kind, body, state, attempts, due_at, created_at, updated_at, trace)
            VALUES (?, ?, ?, 'slack', ?, ?, ?, ?, 0, ?, ?, ?, ?)
            """, tenant.workspace, tenant.mode, place ?? 1, alert, kind, body.text, state, now, now, now, trace.traceparent)
    }

    /// The three characters Slack reads as its own (api.slack.com, "Formatting text for app surfaces").
    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    static func next(in tenant: Tenant, _ connection: Connection) throws -> SlackMessage? {
        try connection.row(
            """
            SELECT place, body, attempts, due_at, trace FROM alert_messages WHERE workspace = ? AND mode = ? AND state = 'queued'
            ORDER BY place LIMIT 1
            """, tenant.workspace, tenant.mode
        ) { row in
            let trace: String? = try row.get(4)
            return SlackMessage(
                tenant: tenant, place: row.integer(0), body: row.text(1), attempts: row.integer(2), dueAt: row.time(3),
                trace: trace.flatMap { TraceContext(traceparent: $0) })
        }
    }

    static func count(_ state: State, in tenant: Tenant, _ connection: Connection) throws -> Int {
        try connection.row(
            "SELECT COUNT(*) FROM alert_messages WHERE workspace = ? AND mode = ? AND state = ?", tenant.workspace, tenant.mode, state
        ) { $0.integer(0) } ?? 0
    }

    static func release(in tenant: Tenant, at now: Timestamp, _ connection: Connection) throws {
        try connection.execute(
            """
            UPDATE alert_messages SET state = 'queued', attempts = 0, due_at = ?, updated_at = ?
            WHERE workspace = ? AND mode = ? AND state IN ('held', 'queued')
            """, now, now, tenant.workspace, tenant.mode)
    }

    static func hold(in tenant: Tenant, at now: Timestamp, _ connection: Connection) throws {
        try connection.execute(
            "UPDATE alert_messages SET state = 'held', updated_at = ? WHERE workspace = ? AND mode = ? AND state = 'queued'", now,
            tenant.workspace, tenant.mode)
    }

    func save(_ state: State, dueAt: Timestamp? = nil, error: String?, at now: Timestamp, _ connection: Connection) throws {
        try connection.execute(
            """
            UPDATE alert_messages SET state = ?, attempts = ?, due_at = ?, error = ?, updated_at = ?
            WHERE workspace = ? AND mode = ? AND place = ? AND state = 'queued'
            """, state, attempts + 1, dueAt ?? self.dueAt, error, now, tenant.workspace, tenant.mode, place)
    }

    /// Forgets old messages and old changes of state; answers how many.
    package static func removeOld(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        let bound = now.adding(days: -retention)
        return try connection.execute(
            """
            DELETE FROM alert_messages WHERE (workspace, mode, place) IN (SELECT workspace, mode, place FROM alert_messages
                WHERE updated_at < ? AND state IN ('delivered', 'failed') ORDER BY updated_at LIMIT ?)
            """, bound, limit)
            + connection.execute(
                """
                DELETE FROM alert_changes WHERE (workspace, mode, alert, place) IN
                    (SELECT workspace, mode, alert, place FROM alert_changes WHERE at < ? ORDER BY at LIMIT ?)
                """, now.adding(days: -365), limit)
    }
}
