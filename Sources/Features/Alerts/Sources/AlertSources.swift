// Costs, units and streams are hours, not moments, and reading them walks over columns; alerts look every two seconds. So an answer is kept
// as long as the versions of costs and points stay, and read again when either moves.

package import Costs
import Kernel
import Metering
import Storage
import Synchronization

/// Where rules get what is counted by the hour: costs, unit metrics, data streams.
package final class AlertSources: Sendable {
    private let costs: CostWatch
    private let kept = Mutex<[Key: [[String]: [ExactDecimal?]]]>([:])
    private static let mostKept = 2000

    package init(costs: CostWatch) { self.costs = costs }

    private struct Key: Hashable {
        let tenant: Tenant
        let version: String
        let use: Metric.Use
        let project: ProjectID?
        let currency: String
        let groupBy: [GroupKey]
        let spans: [Range<Timestamp>]
    }

    /// For rules over the budgets on cost views.
    var budgetedViews: BudgetedViews { costs.budgetedViews }

    /// What is asked for.
    struct Question {
        let use: Metric.Use
        let project: ProjectID?
        let currency: String
        let groupBy: [GroupKey]
    }

    /// An amount for each of the spans, which follow each other, of each group; nil without data. A group that is not among them has none.
    func amounts(
        _ question: Question, in spans: [Range<Timestamp>], of tenant: Tenant, _ connection: Connection
    ) throws -> [[String]: [ExactDecimal?]] {
        let version =
            question.use.metric == .stream ? try Points.version(in: tenant, connection) : try CostWatch.version(in: tenant, connection)
        let key = Key(
            tenant: tenant, version: version, use: question.use.bare, project: question.project, currency: question.currency,
            groupBy: question.groupBy, spans: spans)
        // Requests are counted on the fly; everything else has a version.
        let mayKeep = question.use.metric != .unitCost
        if mayKeep, let known = kept.withLock({ $0[key] }) { return known }
        let found = try read(question, in: spans, of: tenant, connection)
        if mayKeep {
            kept.withLock { kept in
                // What was true of an older version is asked for no more.
                let isOfStreams = key.use.metric == .stream
                kept = kept.filter { known, _ in
                    known.tenant != tenant || (known.use.metric == .stream) != isOfStreams || known.version == version
                }
                if kept.count >= Self.mostKept { kept.removeAll() }
                kept[key] = found
            }
        }
        return found
    }

    private func read(
        _ question: Question, in spans: [Range<Timestamp>], of tenant: Tenant, _ connection: Connection
    ) throws -> [[String]: [ExactDecimal?]] {
        switch question.use.metric {
        case .stream: return try Self.points(question, in: spans, of: tenant, connection)
        case .unitCost:
            let name = question.use.matchers["metric"] ?? ""
            return [[]: try costs.unitCosts(of: name, in: spans, of: tenant, connection)]
        default:
            var costs = CostWatch.Question(currency: question.currency)
            costs.view = question.use.matchers["view"]
            costs.project = question.project
            costs.meter = question.use.name
            costs.groupBy = question.groupBy.map(\.costDimension)
            let found = try self.costs.amounts(costs, in: spans, of: tenant, connection)
            return Dictionary(
                found.compactMap { key, amounts in
                    let values = key.compactMap(\.self)
                    return values.count == key.count ? (values, amounts.map(Optional.some)) : nil
                }, uniquingKeysWith: { $1 })
        }
    }

    /// Throws a problem for a view, unit metric or stream that there is not.
    static func check(_ use: Metric.Use, of tenant: Tenant, _ connection: Connection) throws {
        switch use.metric {
        case .cost, .costForecast: if let view = use.matchers["view"] { try CostWatch.checkView(view, in: tenant, connection) }
        case .unitCost: try CostWatch.checkUnitMetric(use.matchers["metric"] ?? "", in: tenant, connection)
        default: break
        }
    }

    // MARK: Streams

    /// How the points it names were sent: as the rule says, else in the only way they were, of several as sums. Nil where there are none.
    static func function(of use: Metric.Use, _ tenant: Tenant, _ connection: Connection) throws -> MetricFunction? {
        if let said = use.matchers["metric_agg_func"].flatMap({ MetricFunction(reading: $0) }) { return said }
        let stream = use.matchers["stream_id"].map { DataStreamID($0) }
        let known = try Points.functions(of: use.name ?? "", in: stream, tenant, connection)
        return known.first { $0 == .sum } ?? known.first
    }

    private static func points(
        _ question: Question, in spans: [Range<Timestamp>], of tenant: Tenant, _ connection: Connection
    ) throws -> [[String]: [ExactDecimal?]] {
        let use = question.use
        guard let name = use.name, let last = spans.last else { return [:] }
        guard let function = try function(of: use, tenant, connection) else { return [:] }
        let stream = use.matchers["stream_id"].map { DataStreamID($0) }
        let hours = (spans.map(\.lowerBound) + [last.upperBound]).map { Int($0.milliseconds / 3_600_000) }
        var points = Points.Question(stream: stream, metric: name, function: function, buckets: BucketCalendar(bounds: hours))
        points.filters = use.matchers.filter { !Metric.streamWords.contains($0.key) }.sorted { $0.key < $1.key }.map {
            ($0.key, [$0.value])
        }
        if case .dimension(let dimension)? = question.groupBy.first { points.group = dimension }
        let lines = try Points.aggregate(points, in: tenant, connection)
        return Dictionary(
            lines.compactMap { line in
                guard points.group == nil || line.group != nil else { return nil }
                let amounts = line.cells.map { cell -> ExactDecimal? in
                    cell.count > 0 ? cell.value(function).flatMap { ExactDecimal($0.description) } : nil
                }
                return (line.group.map { [$0] } ?? [], amounts)
            }, uniquingKeysWith: { $1 })
    }
}

extension GroupKey {
    fileprivate var costDimension: Dimension {
        switch self {
        case .project: Dimension("SubAccountId")
        case .resource: Dimension("ResourceId")
        case .provider: Dimension("ProviderName")
        case .label(let name), .dimension(let name): Dimension("tag:" + name)
        }
    }
}
