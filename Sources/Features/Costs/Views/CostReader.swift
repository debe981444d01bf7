import Kernel
import Storage
import Web

/// Reads the costs of a request: much of them by several readers beside each other, each with a share of the segments.
///
/// Each reader sees the database as it was when it began. A segment never changes, so when all found the same ones, their shares are of one
/// state; when a bill came or went in between, one reader reads it all.
struct CostReader: Sendable {
    let cache: ColumnCache

    /// So many segments are read before a second reader has begun.
    private static let few = 4

    /// What a request asks, with all that was looked up for it.
    private struct Question: Sendable {
        let request: CostRequest
        let query: CostQuery
        let span: CostSpan
        let other: CostSpan?
        let tenant: Tenant

        init(_ request: CostRequest, for caller: Caller, _ connection: Connection) throws {
            self.request = request
            tenant = caller.tenant
            query = try request.query(for: caller, connection)
            span = try CostSpan(request.dates.first, request.dates.last, request.granularity, request.zone)
            other = try request.comparison.span(against: span, request.granularity, request.zone)
        }

        /// The names of the segments of both spans.
        func segments(_ cache: ColumnCache, _ connection: Connection) throws -> [[String]] {
            try [span, other].map { span in
                try span.map { try query.segments(of: $0, in: tenant, cache, connection).map(\.name) } ?? []
            }
        }

        func read(_ share: ScanShare, _ cache: ColumnCache, _ connection: Connection) throws -> CostReading {
            CostReading(
                span: span, other: other, current: try query.run(over: span, in: tenant, cache, connection, share: share),
                previous: try other.map { try query.run(over: $0, in: tenant, cache, connection, share: share) } ?? CostSums())
        }

        func answer(_ reading: CostReading, _ connection: Connection) throws -> CostData {
            CostData(request: request, reading: reading, freshness: try .read(in: tenant, connection))
        }
    }

    private enum Start: Sendable {
        case over(CostData)
        case large(Question, segments: [[String]], Freshness)
    }

    func read(_ call: Call, _ make: @escaping @Sendable (Connection) throws -> CostRequest) async throws -> CostData {
        let start = try await call.scan { connection -> Start in
            let question = try Question(make(connection), for: call.caller, connection)
            let segments = try question.segments(cache, connection)
            let count = segments.reduce(0) { $0 + $1.count }
            guard count > Self.few, ScanShare.all.count > 1, question.query.type != .blended else {
                return .over(try question.answer(question.read(.whole, cache, connection), connection))
            }
            return .large(question, segments: segments, try .read(in: call.caller.tenant, connection))
        }
        switch start {
        case .over(let data): return data
        case .large(let question, let segments, let freshness):
            let shares = try await readings(of: question, call)
            guard shares.allSatisfy({ [$0.current.segments, $0.previous.segments] == segments }), var whole = shares.first else {
                return try await call.scan { try question.answer(question.read(.whole, cache, $0), $0) }
            }
            for share in shares.dropFirst() { whole.add(share) }
            return CostData(request: question.request, reading: whole, freshness: freshness)
        }
    }

    private func readings(of question: Question, _ call: Call) async throws -> [CostReading] {
        try await withThrowingTaskGroup { group in
            for share in ScanShare.all {
                group.addTask { try await call.scan { try question.read(share, cache, $0) } }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
