import Kernel
import Prices
import Storage

/// What a schedule has saved: the time in which instances it stopped were not charged, at the prices of that time. Measured, not estimated: what
/// was started again by hand, or deleted, saves nothing from then on.
struct ScheduleSavings: Sendable, Equatable {
    private(set) var amount: ExactDecimal
    private(set) var milliseconds: Int64
    private(set) var currency: String

    /// Of the stops that are settled.
    init(settledOf schedule: Schedule) {
        (amount, milliseconds, currency) = (schedule.savedAmount, schedule.savedMilliseconds, schedule.savedCurrency)
    }

    /// Until that moment, with what goes on.
    static func of(_ schedule: Schedule, at now: Timestamp, _ connection: Connection) throws -> ScheduleSavings {
        var savings = ScheduleSavings(settledOf: schedule)
        for stop in try ScheduledStop.all(of: schedule, connection) { _ = try savings.add(stop, at: now, connection) }
        return savings
    }

    /// True when the stop is over, and nothing more will come of it.
    mutating func add(_ stop: ScheduledStop, at now: Timestamp, _ connection: Connection) throws -> Bool {
        let instance = try Resource.find(stop.instance, in: stop.tenant, connection)
        guard let span = try UnmeteredTime.span(of: instance.id.rawValue, after: stop.at, in: stop.tenant, connection) else {
            // It is charged still: the stop goes on, or has failed.
            return instance.operation == nil
        }
        let end = [span.end, instance.deletedAt].compactMap { $0 }.min() ?? now
        let saved = try UnmeteredTime.cost(
            .init(sku: stop.sku, units: 1), for: instance.consumer, from: span.start, to: max(span.start, end), connection)
        if milliseconds == 0 { currency = saved.currency }
        if saved.currency == currency { amount += saved.amount }
        milliseconds += max(0, end.milliseconds - span.start.milliseconds)
        return span.end != nil || instance.deletedAt != nil
    }

    /// Hours, exactly.
    var hours: ExactDecimal { ExactDecimal(milliseconds).divided(by: 3_600_000, scale: 6) }
}
