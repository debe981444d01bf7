import Kernel

/// At which percents of a view's budget somebody is told, and which of them were told in the month that runs.
package struct BudgetThresholds: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// What the month has cost until now.
        case actual
        /// What it will have cost by its end.
        case forecast
    }

    /// Ascending, each once.
    package let actual: [Int64]
    package let forecast: [Int64]
    /// The month they were told in, and what was told: `2026-03 actual80 forecast100`.
    package private(set) var reached = ""

    static let none = BudgetThresholds(actual: [], forecast: [])
    /// When a body names none.
    static let usual = BudgetThresholds(actual: [80, 100], forecast: [100])

    package init(actual: [Int64], forecast: [Int64]) {
        self.actual = Set(actual).sorted()
        self.forecast = Set(forecast).sorted()
    }

    init(actual: String, forecast: String, reached: String) {
        func numbers(_ text: String) -> [Int64] { text.split(separator: ",").compactMap { Int64($0) } }
        self.init(actual: numbers(actual), forecast: numbers(forecast))
        self.reached = reached
    }

    func text(of kind: Kind) -> String { self[kind].map { String($0) }.joined(separator: ",") }
    subscript(kind: Kind) -> [Int64] { kind == .actual ? actual : forecast }

    /// What is reached now and was not told this month; notes that it is told. Nothing is reached by what cost nothing.
    mutating func take(
        spent: ExactDecimal, forecast expected: ExactDecimal, of amount: ExactDecimal, in period: BillingPeriod
    ) -> [(kind: Kind, percent: Int64)] {
        let month = String(period.start.description.prefix(7))
        var told = reached.hasPrefix(month) ? reached.split(separator: " ").map(String.init) : [month]
        var fresh: [(kind: Kind, percent: Int64)] = []
        for kind in Kind.allCases {
            let value = kind == .actual ? spent : expected
            for percent in self[kind] where !told.contains("\(kind.rawValue)\(percent)") {
                guard value * 100 >= amount * ExactDecimal(percent), !value.isZero, !value.isNegative else { continue }
                told.append("\(kind.rawValue)\(percent)")
                fresh.append((kind, percent))
            }
        }
        if !fresh.isEmpty { reached = told.joined(separator: " ") }
        return fresh
    }
}
