package import Identity
package import Kernel
package import Storage
package import Web

/// How large the buckets of an answer are; aligned to 1970, so that `5m` begins at :00, :05, …
package enum UsageWindow: String, Sendable, CaseIterable {
    case fiveMinutes = "5m"
    case tenMinutes = "10m"
    case quarterHour = "15m"
    case twentyMinutes = "20m"
    case halfHour = "30m"
    case hour = "1h"
    case twoHours = "2h"
    case threeHours = "3h"
    case fourHours = "4h"
    case sixHours = "6h"
    case eightHours = "8h"
    case twelveHours = "12h"
    case day = "1d"

    package var seconds: Int64 {
        let number = Int64(rawValue.dropLast())!  // every case is a number and a unit
        switch rawValue.last {
        case "m": return number * 60
        case "h": return number * 3600
        default: return number * 86_400
        }
    }
}

/// What an account used: its quota in the current calendar month, and requests by bucket.
package struct AccountUsage: Sendable {
    package let account: Account
    package let window: UsageWindow
    package let used: Int
    package let buckets: [Bucket]

    package struct Bucket: Sendable, Equatable {
        package let start: Timestamp
        package let end: Timestamp
        package let requests: Int
        /// False for a bucket that has not ended.
        package let isComplete: Bool
    }

    /// Without `from`, the last 12 buckets, the current one included.
    package static let standardCount: Int64 = 12
    package static let countLimit: Int64 = 1000
}

extension AccountUsage {
    /// Throws `invalid_parameter` for a span that is empty, too long, or that needs minutes no longer kept.
    package static func read(
        _ account: Account, in tenant: Tenant, window: UsageWindow, from: Timestamp?, to: Timestamp?, at now: Timestamp,
        _ connection: Connection
    ) throws -> AccountUsage {
        let end = (to ?? now).floored(toSeconds: window.seconds).adding(
            seconds: to == nil || to!.milliseconds % (window.seconds * 1000) != 0 ? window.seconds : 0)
        let start = from?.floored(toSeconds: window.seconds) ?? end.adding(seconds: -standardCount * window.seconds)
        let count = (end.seconds - start.seconds) / window.seconds
        guard count > 0 else { throw Problem.invalid(parameter: "from", "from must lie before to.") }
        guard start >= .first, end <= .last else {
            throw Problem.invalid(parameter: "to", "The span must lie between 1970 and 9999.")
        }
        guard count <= countLimit else {
            throw Problem.invalid(parameter: "from", "The span has \(count) buckets; at most \(countLimit) are answered.")
        }
        let byHour = window.seconds >= 3600
        guard byHour || start >= now.adding(seconds: -RequestTotals.minutesKept - 3600) else {
            throw Problem.invalid(parameter: "from", "Windows under an hour reach back seven days; use 1h or more.")
        }
        var requests = [Int](repeating: 0, count: Int(count))
        for entry in try RequestTotals.series(of: account.id, in: tenant, from: start, to: end, byHour: byHour, connection) {
            requests[Int((entry.at.seconds - start.seconds) / window.seconds)] += entry.requests
        }
        let buckets = requests.enumerated().map { index, requests in
            let begin = start.adding(seconds: Int64(index) * window.seconds)
            let end = begin.adding(seconds: window.seconds)
            return Bucket(start: begin, end: end, requests: requests, isComplete: end <= now)
        }
        let used = try RequestTotals.requests(of: account.id, in: tenant, from: now.startOfMonth, to: now.startOfNextMonth, connection)
        return AccountUsage(account: account, window: window, used: used, buckets: buckets)
    }

    /// 100 × used ÷ limit; nil without a limit. A limit of zero that was used is past 100.
    package static func percent(used: Int, of limit: Int?) -> Double? {
        guard let limit else { return nil }
        return limit == 0 ? (used == 0 ? 0 : 100 + Double(used)) : 100 * Double(used) / Double(limit)
    }
}

extension AccountUsage: JSONRepresentable, SchemaDescribed {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("account_id", account.id)
            json.field("window", window.rawValue)
            json.field("quota_limit", account.quotaRequests)
            json.field("quota_used", used)
            json.field("quota_percent", Self.percent(used: used, of: account.quotaRequests))
            json.array("data", buckets) { json, bucket in
                json.object { json in
                    json.field("start", bucket.start)
                    json.field("end", bucket.end)
                    json.field("requests", bucket.requests)
                    json.field("complete", bucket.isComplete)
                }
            }
        }
    }

    static let count = Schema.integer(0...Int64.max)
    package static let schema = Schema.named(
        "AccountUsage",
        .object([
            .required("account_id", .id("acc")), .required("window", .choice(of: UsageWindow.self)),
            .required("quota_limit", count.nullable.described("Requests a calendar month (UTC); null for no limit.")),
            .required("quota_used", count), .required("quota_percent", Schema.number("100 × used ÷ limit; null without a limit.").nullable),
            .required(
                "data",
                .array(
                    .object([
                        .required("start", .timestamp()), .required("end", .timestamp()), .required("requests", count),
                        .required("complete", .boolean("False for a bucket that has not ended.")),
                    ]))),
        ]))
}

/// `GET /v1/usage`: the current billing period, a calendar month in UTC.
package struct PeriodUsage: Sendable, JSONRepresentable, SchemaDescribed {
    package let account: Account
    package let start: Timestamp
    package let requests: Int

    /// Requests above what is included.
    package var overage: Int { account.includedRequests.map { max(0, requests - $0) } ?? 0 }

    package static func read(_ account: Account, in tenant: Tenant, at now: Timestamp, _ connection: Connection) throws -> PeriodUsage {
        let start = now.startOfMonth
        let requests = try RequestTotals.requests(of: account.id, in: tenant, from: start, to: start.startOfNextMonth, connection)
        return PeriodUsage(account: account, start: start, requests: requests)
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("account_id", account.id)
            json.field("period_start", start.dateText)
            json.field("period_end", start.startOfNextMonth.adding(days: -1).dateText)
            json.field("requests", requests)
            json.field("included", account.includedRequests)
            json.field("overage", overage)
            json.field("quota_limit", account.quotaRequests)
            json.field("quota_percent", AccountUsage.percent(used: requests, of: account.quotaRequests))
        }
    }

    package static let schema = Schema.named(
        "Usage",
        .object([
            .required("account_id", .id("acc")), .required("period_start", .string(10...10, .date)),
            .required("period_end", .string(10...10, .date, "The last day, included.")), .required("requests", AccountUsage.count),
            .required("included", AccountUsage.count.nullable),
            .required("overage", AccountUsage.count.described("Requests above what is included.")),
            .required("quota_limit", AccountUsage.count.nullable), .required("quota_percent", Schema.number().nullable),
        ]))
}
