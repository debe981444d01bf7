import Kernel
import Storage

/// What a span is compared with.
enum Comparison: Sendable {
    case none
    case previousPeriod
    case months(Int64)
    case custom(Int64, Int64)

    /// The other span; its buckets pair with the span's by their place.
    func span(against span: CostSpan, _ granularity: Granularity, _ zone: CostZone) throws -> CostSpan? {
        switch self {
        case .none: return nil
        case .previousPeriod: return span.previous(granularity, zone)
        case .months(let count):
            return try CostSpan(
                CivilDay.adding(months: -count, to: span.first), CivilDay.adding(months: -count, to: span.last), granularity, zone)
        case .custom(let first, let last): return try CostSpan(first, last, granularity, zone)
        }
    }
}

/// A cost now and before.
struct Paired: Sendable {
    let current: ExactDecimal
    let previous: ExactDecimal

    var difference: ExactDecimal { current - previous }

    /// As a fraction, to 18 places; nil when there was nothing before and there is something now. `size` divides by the size of what was
    /// before, so that the sign says which way it went also where credits outweigh costs.
    func change(bySize: Bool) -> ExactDecimal? {
        if previous.isZero { return current.isZero ? .zero : nil }
        return difference.divided(by: bySize && previous.isNegative ? -previous : previous)
    }
}

/// Costs of a span and of the one it is compared with.
struct CostReading: Sendable {
    struct Group: Sendable {
        let key: [String?]
        let current: [ExactDecimal]
        let previous: [ExactDecimal]

        var total: Paired { Paired(current: current.reduce(.zero, +), previous: previous.reduce(.zero, +)) }
    }

    let span: CostSpan
    let other: CostSpan?
    private(set) var current: CostSums
    private(set) var previous: CostSums

    init(span: CostSpan, other: CostSpan?, current: CostSums, previous: CostSums) {
        (self.span, self.other, self.current, self.previous) = (span, other, current, previous)
    }

    /// Largest first, ties by their key.
    var groups: [Group] {
        let before = Dictionary(previous.groups.map { ($0.key, $0.costs) }, uniquingKeysWith: { one, _ in one })
        let seen = Set(current.groups.map(\.key))
        let zeros = [ExactDecimal](repeating: .zero, count: span.buckets.count)
        let others = [ExactDecimal](repeating: .zero, count: other?.buckets.count ?? 0)
        let all =
            current.groups.map { Group(key: $0.key, current: $0.costs, previous: before[$0.key] ?? others) }
            + previous.groups.filter { !seen.contains($0.key) }.map { Group(key: $0.key, current: zeros, previous: $0.costs) }
        let sorted = all.map { ($0.total.current, $0) }.sorted { one, other in
            one.0 == other.0
                ? one.1.key.map { $0 ?? "" }.lexicographicallyPrecedes(other.1.key.map { $0 ?? "" }) : one.0 > other.0
        }
        return sorted.map(\.1)
    }

    /// All groups together.
    var whole: Group {
        Group(key: [], current: current.totals(span.buckets.count), previous: previous.totals(other?.buckets.count ?? 0))
    }

    /// Adds what another reader found of its share of the same segments.
    mutating func add(_ share: CostReading) {
        current.add(share.current)
        previous.add(share.previous)
    }
}
