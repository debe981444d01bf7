// A rule over hours has been asked about an hour by the time its last points or a bill of it come. What comes late is noted where it comes
// (`late_points`, the log's events of bills); an alert keeps a mark of how far it has heard, and looks again at the hours named since.
// What fires because of it is marked `late`, once for an hour, and then goes on as everything that fires: where the rule does not hold now,
// it is resolved by the next look.

import Costs
import Kernel
import Metering
import Storage

/// What came late for an alert since it last heard.
struct LateData {
    /// Hours since 1970 that are to be looked at again, the newest first.
    let hours: [Int]
    /// How far it has heard with this.
    let mark: Mark

    static let none = LateData(hours: [], mark: Mark())

    struct Mark: Equatable, Sendable {
        /// Of the event log.
        var position: Int64 = 0
        var runs: [DataStreamID: Int] = [:]
    }

    /// Hours that one look goes through, of all groups together.
    private static let most = 2000

    /// Nil for an alert that nothing can come late for.
    static func read(_ alert: Alert, groups: Int, at now: Timestamp, _ connection: Connection) throws -> LateData? {
        let uses = alert.draft.rule.uses.filter { $0.metric.isHourly && $0.metric != .costForecast }
        guard !uses.isEmpty else { return nil }
        guard var mark = alert.lateMark else {
            return LateData(
                hours: [],
                mark: Mark(
                    position: try EventLog.position(of: alert.tenant, connection), runs: try LatePoints.runs(in: alert.tenant, connection)))
        }
        let heard = mark
        var hours: Set<Int> = []
        for use in uses {
            // An hour counts for every span that it is in, and for no longer than a day.
            let reach = Int(max(1, min(24, use.function == nil ? (use.metric == .stream ? 24 : 1) : use.seconds / 3600)))
            let touched: Set<Int>
            if use.metric == .stream {
                let stream = use.matchers["stream_id"].map { DataStreamID($0) }
                let found = try LatePoints.hours(
                    of: use.name ?? "", in: stream, since: heard.runs, alert.tenant, at: now, connection)
                touched = found.hours
                mark.runs.merge(found.runs) { max($0, $1) }
            } else {
                let found = try CostWatch.restated(since: heard.position, at: now, in: alert.tenant, connection)
                touched = found.hours
                mark.position = max(mark.position, found.position)
            }
            for hour in touched { hours.formUnion(hour..<(hour + reach)) }
        }
        let over = Int(now.seconds.floorDivided(by: 3600))
        let made = Int(alert.createdAt.seconds.floorDivided(by: 3600))
        // Each hour is read as often as `for` has hours.
        let each = Int(alert.draft.timing.pendingFor / 3600) + 1
        let limit = max(1, min(168, most / (max(1, groups) * each)))
        return LateData(hours: Array(hours.filter { $0 >= made && $0 < over }.sorted(by: >).prefix(limit)), mark: mark)
    }
}

extension LateData.Mark {
    init?(stored text: String?) {
        guard let json = try? text.map({ try JSONParser.parse($0.utf8) }) else { return nil }
        position = json["log"]?.integer ?? 0
        for member in json["streams"]?.members ?? [] { runs[DataStreamID(member.name)] = Int(member.value.integer ?? 0) }
    }

    var text: String {
        let streams = runs.sorted { $0.key < $1.key }.map { JSON.Member($0.key.rawValue, .integer(Int64($0.value))) }
        return (["log": .integer(position), "streams": .object(streams)] as JSON).text
    }
}

extension Alert {
    func save(_ mark: LateData.Mark, _ connection: Connection) throws {
        try connection.execute(
            "UPDATE alerts SET late_mark = ? WHERE workspace = ? AND mode = ? AND id = ?", mark.text, tenant.workspace, tenant.mode, id)
    }

    /// The newest of the hours in which it would have fired, had everything been there, and did not; and what it would have read.
    func lateHour(among hours: [Int], _ sources: AlertSources, _ connection: Connection) throws -> (hour: Timestamp, readings: Readings)? {
        for hour in hours {
            let start = Timestamp(seconds: Int64(hour) * 3600)
            var first: Readings?
            var holds = true
            // As long as `for` says, hour by hour.
            for back in 0...(draft.timing.pendingFor / 3600) where holds {
                var readings = Readings(self, at: start.adding(seconds: 3599 - 3600 * back), sources, connection)
                holds = try draft.rule.holds { try readings.value(of: $0) } == true
                if first == nil { first = readings }
            }
            if holds, let first, try !hasFired(in: start, connection) { return (start, first) }
        }
        return nil
    }

    private func hasFired(in hour: Timestamp, _ connection: Connection) throws -> Bool {
        let group = self.group?.text ?? ""
        let own = "FROM alert_changes WHERE workspace = ? AND mode = ? AND alert = ? AND COALESCE(label_set, '') = ?"
        let within = try connection.row(
            "SELECT 1 \(own) AND after = 'firing' AND (late_hour = ? OR (at >= ? AND at < ?)) LIMIT 1", tenant.workspace, tenant.mode, id,
            group, hour, hour, hour.adding(seconds: 3600)
        ) { $0.integer(0) }
        let before = try connection.row(
            "SELECT after \(own) AND at < ? ORDER BY place DESC LIMIT 1", tenant.workspace, tenant.mode, id, group, hour
        ) { try $0.get(0, as: AlertPhase.State.self) }
        return within != nil || before == .firing || before == .recovering
    }
}
