import Kernel
import Metering
import Storage

/// Whole hours that end with the one that runs.
private struct Hours {
    let end: Timestamp
    let count: Int64

    init(of seconds: Int64, at moment: Timestamp) {
        end = moment.floored(toSeconds: 3600).adding(seconds: 3600)
        count = max(1, seconds / 3600)
    }

    var start: Timestamp { end.adding(seconds: -3600 * count) }
    var whole: Range<Timestamp> { start..<end }
    var before: Range<Timestamp> { start.adding(seconds: -3600 * count)..<start }
    var each: [Range<Timestamp>] {
        (0..<count).map { start.adding(seconds: $0 * 3600)..<start.adding(seconds: ($0 + 1) * 3600) }
    }
}

// What is counted by the hour: costs, meters, streams and units. Sums and products are exact; a quotient is rounded to 18 places.
extension Readings {
    func hourly(_ use: Metric.Use) throws -> ExactDecimal? {
        guard let function = use.function else {
            switch use.metric {
            case .costForecast: return try forecast(use, at: at)
            // As `stream` of the last day; money and meters by the month, as bills are.
            case .stream: return try amounts(use, in: [Hours(of: 86_400, at: at).whole]).first ?? nil
            default: return try amounts(use, in: [at.startOfMonth..<Hours(of: 3600, at: at).end]).first ?? nil
            }
        }
        if use.metric == .costForecast {
            return Metric.moved(
                from: try forecast(use, at: at.adding(seconds: -use.seconds)), to: try forecast(use, at: at), function, seconds: use.seconds
            )
        }
        let hours = Hours(of: use.seconds, at: at)
        let sent = use.metric == .stream ? try AlertSources.function(of: use, tenant, connection) : nil
        let summed = sent == .sum
        switch function {
        case .sum where use.metric != .stream || summed: return try amounts(use, in: [hours.whole]).first ?? nil
        case .sum:
            let found = try amounts(use, in: hours.each).compactMap(\.self)
            return found.isEmpty ? nil : found.reduce(.zero, +)
        case .rate:
            let sum = try amounts(use, in: [hours.whole]).first ?? nil
            return sum?.divided(by: ExactDecimal(hours.count * 3600))
        // Each point counts once, and a ratio is one of totals.
        case .avg where use.metric == .unitCost || sent == .average:
            return try amounts(use, in: [hours.whole]).first ?? nil
        case .avg, .min, .max, .last:
            let found = try amounts(use, in: hours.each).compactMap(\.self)
            switch function {
            case .avg: return found.isEmpty ? nil : found.reduce(.zero, +).divided(by: ExactDecimal(found.count))
            case .min: return found.min()
            case .max: return found.max()
            default: return try amounts(use, in: Array(hours.each.suffix(1))).first ?? nil
            }
        case .delta, .change, .pop, .forecast:
            let both = try amounts(use, in: [hours.before, hours.whole])
            guard both.count == 2 else { return nil }
            return Metric.moved(from: both[0], to: both[1], function, seconds: hours.count * 3600)
        }
    }

    /// What the month will have cost: until now, and for the rest at the rate of the last seven days.
    private func forecast(_ use: Metric.Use, at moment: Timestamp) throws -> ExactDecimal? {
        let now = moment.floored(toSeconds: 3600)
        let past = try amounts(use, in: [now.adding(days: -7)..<now]).first ?? nil
        let month = try now > moment.startOfMonth ? amounts(use, in: [moment.startOfMonth..<now]).first ?? nil : .zero
        guard let past, let month else { return nil }
        let rest = (moment.startOfMonth.startOfNextMonth.seconds - now.seconds) / 3600
        return month + (past * ExactDecimal(rest)).divided(by: 168)
    }

    private func amounts(_ use: Metric.Use, in spans: [Range<Timestamp>]) throws -> [ExactDecimal?] {
        let keys = alert.draft.groupBy
        // A project is asked for by what our own prices charge it, however the alert came to it.
        let isOfProject = focus.project != nil
        let groupBy = isOfProject ? keys.filter { $0 != .project } : keys
        let found = try sources.amounts(
            .init(use: use, project: focus.project, currency: alert.draft.currency, groupBy: groupBy), in: spans, of: tenant, connection)
        let group = groupBy.map { alert.group?[$0] ?? "" }
        return found[group] ?? spans.map { _ in use.metric.isZeroWithoutRows ? .zero : nil }
    }
}

extension Metric {
    /// What a function makes of a value then and a value now. From nothing to nothing is no change; from nothing to something has none.
    static func moved(from then: ExactDecimal?, to now: ExactDecimal?, _ function: Function, seconds: Int64) -> ExactDecimal? {
        guard let then, let now else { return nil }
        switch function {
        case .delta: return now - then
        case .rate: return (now - then).divided(by: ExactDecimal(seconds))
        case .forecast: return now + (now - then)
        case .change, .pop:
            guard then.isZero else { return (now - then).divided(by: then) }
            return now.isZero ? .zero : nil
        default: return nil
        }
    }
}
