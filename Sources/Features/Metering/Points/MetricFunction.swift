import Kernel
import Storage

/// How the points of a metric are combined, over series and over hours. Part of a metric's identity: up to four metrics share a name.
package enum MetricFunction: String, Sendable, CaseIterable, SQLConvertible {
    case sum = "Sum"
    /// The mean of the points, each counting once.
    case average = "Average"
    case minimum = "Minimum"
    case maximum = "Maximum"

    /// What it can be called, in whatever case.
    static let names = ["sum", "average", "minimum", "maximum", "avg", "mean", "min", "max"]

    /// Any case; `avg`, `mean`, `min` and `max` too.
    package init?(reading text: String) {
        switch text.lowercased() {
        case "sum": self = .sum
        case "average", "avg", "mean": self = .average
        case "minimum", "min": self = .minimum
        case "maximum", "max": self = .maximum
        default: return nil
        }
    }
}

/// Points combined so far. Sums are taken in the order points are added, so the same points in the same order give the same bits.
package struct Combined: Sendable, Equatable {
    package private(set) var count = 0
    /// The sum, for sums and averages; else the extreme.
    private(set) var amount = 0.0

    package init() {}

    init(count: Int, amount: Double) {
        self.count = count
        self.amount = amount
    }

    @inline(__always)
    mutating func add(_ value: Double, _ function: MetricFunction) { add(Combined(count: 1, amount: value), function) }

    @inline(__always)
    package mutating func add(_ other: Combined, _ function: MetricFunction) {
        guard other.count > 0 else { return }
        guard count > 0 else {
            self = other
            return
        }
        switch function {
        case .sum, .average: amount += other.amount
        case .minimum: amount = min(amount, other.amount)
        case .maximum: amount = max(amount, other.amount)
        }
        count += other.count
    }

    /// Nil without points, but for a sum, which is 0 then.
    package func value(_ function: MetricFunction) -> Double? {
        switch function {
        case .sum: amount
        case .average: count > 0 ? amount / Double(count) : nil
        case .minimum, .maximum: count > 0 ? amount : nil
        }
    }
}
