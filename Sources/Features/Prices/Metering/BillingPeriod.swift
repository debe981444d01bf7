import Kernel

/// A calendar month, UTC.
struct BillingPeriod: Sendable, Equatable {
    let start: Timestamp
    let end: Timestamp

    init(of moment: Timestamp) {
        start = moment.startOfMonth
        end = moment.startOfNextMonth
    }
}

extension Timestamp {
    static let hourMilliseconds: Int64 = 3_600_000

    /// The start of its hour.
    var hour: Timestamp { floored(toSeconds: 3600) }
    var isHour: Bool { hour == self }
    /// The end of its hour, which is never itself.
    var nextHour: Timestamp { hour.adding(seconds: 3600) }
    /// Itself at the start of an hour, else the next one.
    var hourOrNext: Timestamp { isHour ? self : nextHour }
}
