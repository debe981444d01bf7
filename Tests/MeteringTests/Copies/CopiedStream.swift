import Foundation
import Kernel
import Server
import Storage
import TestKit
import Testing

@testable import Metering

/// A stream whose points are copied to a store, and what both answer.
struct CopiedStream: Sendable {
    static let first = 463_008  // 2022-10-27T00:00Z, in hours since 1970; clocks change in Berlin three days later
    static let days = 5

    let stream: TestStream
    let store: any PointStore
    let reader: PointReader

    init(_ stream: TestStream, _ store: any PointStore) {
        self.stream = stream
        self.store = store
        reader = PointReader(copies: store, store: stream.cloud.store, surroundings: stream.cloud.place.surroundings)
    }

    func fold() async throws {
        try await FoldPoints(store: stream.cloud.store, surroundings: stream.cloud.place.surroundings).run(everything: true)
    }

    func copy(as holder: LeaseHolder? = nil) async throws {
        let store = holder.map { stream.cloud.store.guarded(by: $0) } ?? stream.cloud.store
        try await CopyPoints(store: store, to: self.store, surroundings: stream.cloud.place.surroundings).run()
    }

    /// Values of very different sizes, whose sum depends on the order in which they are added.
    func send(_ count: Int, _ function: String, _ generator: inout SeededGenerator) async throws {
        let points = (0..<count).map { _ in
            let value = Double.random(in: -1...1, using: &generator) * pow(10, Double(Int.random(in: -12...12, using: &generator)))
            let series = Int.random(in: 0..<12, using: &generator)
            let hour = Self.first + Int.random(in: 0..<Self.days * 24, using: &generator)
            return TestStream.point(
                "orders", .string("\(value)"), at: .integer(Int64(hour) * 3600),
                series == 0 ? nil : ["id": .string("s\(series % 7)"), "n": .string("\(series)")])
        }
        _ = try await stream.send(points, function).expecting(201)
    }

    /// What a chart may be asked for: buckets, zones, groups, filters.
    static var queries: [String] {
        let spans = ["from=2022-10-27T00:00:00Z&to=2022-11-01T00:00:00Z", "from=2022-10-27T05:00:00Z&to=2022-10-31T09:00:00Z"]
        let parts = ["", "&group_by=id", "&filter=n:3,n:5,n:8", "&group_by=n&filter=id:s1,id:s3", "&filter=n:none"]
        return spans.flatMap { span in
            ["hour", "day", "week", "month"].flatMap { granularity in
                ["UTC", "Europe/Berlin", "Asia/Kolkata"].flatMap { zone in
                    parts.map { "\(span)&granularity=\(granularity)&timezone=\(zone)\($0)" }
                }
            }
        }
    }

    /// Asks by a question of all five days, parted by a dimension; the number of days that the store answered.
    @discardableResult
    func expectSame(_ function: MetricFunction = .sum, _ granularity: Granularity = .day) async throws -> Int {
        let tenant = Tenant(workspace: stream.cloud.home.workspace, mode: .live)
        let calendar = try BucketCalendar(
            from: Self.first, to: Self.first + Self.days * 24, granularity, zone: .gmt, limit: 1000)
        var asked = Points.Question(stream: DataStreamID(stream.id), metric: "orders", function: function, buckets: calendar)
        asked.group = "id"
        let question = asked
        let copies = try await reader.answer(question, in: tenant)
        let (ours, theirs) = try await stream.cloud.store.read { connection in
            (
                try Points.aggregate(question, in: tenant, connection),
                try Points.aggregate(question, copies: copies, in: tenant, connection)
            )
        }
        #expect(ours.map(\.group) == theirs.map(\.group))
        #expect(ours.map(\.cells) == theirs.map(\.cells) && ours.map(\.total) == theirs.map(\.total))
        #expect(ours.contains { $0.total.count > 0 })
        return copies.metrics.values.reduce(0) { $0 + $1.days.count }
    }
}
