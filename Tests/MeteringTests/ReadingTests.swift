import Kernel
import Metering
import Server
import Storage
import TestKit
import Testing

@Suite struct `Points that are read` {
    private static let october = "from=2022-10-01T00:00:00Z&to=2022-10-02T00:00:00Z"

    @Test func `are combined by the metric's function, folded or not`() async throws {
        try await Installation.run { cloud in
            for (function, value) in [("Sum", 8), ("Average", 4), ("Minimum", 3), ("Maximum", 5)] {
                try await Self.expect(value, of: function, cloud)
            }
        }
    }

    private static func expect(_ value: Int, of function: String, _ cloud: Installation) async throws {
        let stream = try await TestStream.make(cloud)
        _ = try await stream.send(
            [TestStream.point("orders", 3, ["r": "a"]), TestStream.point("orders", 5, ["r": "b"])], function
        ).expecting(201)
        for _ in 0..<2 {
            for granularity in ["day", "month", "YEARLY"] {
                #expect(try await stream.values("\(Self.october)&granularity=\(granularity)") == [JSON(value)])
            }
            let hours = try await stream.values("\(Self.october)&granularity=hour")
            #expect(hours.count == 24 && hours[0] == JSON(value))
            #expect(hours[1] == (function == "Sum" ? 0 : .null))
            try await FoldPoints(store: cloud.store, surroundings: cloud.place.surroundings).run(everything: true)
        }
    }

    /// A sum of doubles depends on the order of what is added.
    @Test(arguments: ["Sum", "Average"])
    func `come to the same before and after they are folded, to the last digit`(function: String) async throws {
        try await Installation.run { cloud in
            let stream = try await TestStream.make(cloud)
            let points = CopiedStream(stream, MemoryPoints())
            var generator = SeededGenerator(seed: 21)
            try await points.send(1500, function, &generator)
            var before: [String: [UInt8]] = [:]
            for query in CopiedStream.queries { before[query] = try await stream.data(query).expecting(200).unmarked.canonicalBytes }
            try await points.fold()
            for query in CopiedStream.queries {
                #expect(try await stream.data(query).expecting(200).unmarked.canonicalBytes == before[query], "\(query)")
            }
        }
    }

    @Test(arguments: MetricFunction.allCases)
    func `come to the same in spans of days, and a late point is seen in them at once`(function: MetricFunction) async throws {
        try await Installation.run { cloud in
            let stream = try await TestStream.make(cloud)
            let fold = FoldPoints(store: cloud.store, surroundings: cloud.place.surroundings)
            for day in 0..<120 where day != 50 {
                // One series comes and goes.
                let series = day % 7 == 3 && function != .maximum ? ["a", "b"] : ["a", "b", "c"]
                let points = series.enumerated().flatMap { place, name in
                    (0..<3).map { hour in
                        TestStream.point(
                            "orders", .double(Double((day * 31 + place * 7 + hour * 3) % 97) / 10), at: Self.time(day, hour),
                            ["r": .string(name), "odd": .bool(day % 2 == 1)])
                    }
                }
                _ = try await stream.send(points, function.rawValue).expecting(201)
            }
            let queries = [(0, 120), (3, 110), (40, 70), (64, 65)].flatMap { first, last in
                ["day", "week", "month"].flatMap { granularity in
                    ["&group_by=r", "&filter=r:a", "&filter=odd:true&group_by=r"].map {
                        "from=\(Self.text(first))&to=\(Self.text(last))&granularity=\(granularity)\($0)"
                    }
                }
            }
            func answers() async throws -> [[UInt8]] {
                var answers: [[UInt8]] = []
                for query in queries { answers.append(try await stream.data(query).expecting(200).unmarked.canonicalBytes) }
                return answers
            }
            func spans() async throws -> Int {
                try await cloud.store.read { connection in
                    try connection.row("SELECT COUNT(*) FROM point_spans WHERE length(data) > 0") { $0.integer(0) } ?? 0
                }
            }
            let before = try await answers()
            try await fold.run(everything: true)
            #expect(try await spans() == 3, "all but the last")
            #expect(try await answers() == before)
            let late = TestStream.point("orders", 1000, at: Self.time(64, 5), ["r": "a", "odd": false])
            _ = try await stream.send([late], function.rawValue).expecting(201)
            let after = try await answers()
            #expect(after != before)
            try await fold.run(everything: true)
            #expect(try await spans() == 3)
            #expect(try await answers() == after)
        }
    }

    private static func time(_ day: Int, _ hour: Int) -> JSON { .integer(1_664_582_400 + Int64(day) * 86_400 + Int64(hour) * 3600) }

    private static func text(_ day: Int) -> Timestamp { Timestamp(seconds: 1_664_582_400 + Int64(day) * 86_400) }

    @Test func `are narrowed by filters and parted by a dimension`() async throws {
        try await Installation.run { cloud in
            let stream = try await TestStream.make(cloud)
            let regions: [JSON?] = [["r": "a", "t": "1"], ["r": "b", "t": "1"], ["r": "b", "t": "2"], ["t": "2"], nil]
            _ = try await stream.send(regions.enumerated().map { TestStream.point("orders", JSON(1 << $0), $1) }).expecting(201)
            for _ in 0..<2 {
                let parted = try await stream.data("\(Self.october)&group_by=r").expecting(200)["data"]?.array ?? []
                #expect(parted.map { $0["group"] } == [.null, "a", "b"] && parted.map { $0["value"]?.number } == [24, 1, 6])
                let narrow = try await stream.data("\(Self.october)&group_by=r&filter=t:1").expecting(200)["data"]?.array ?? []
                #expect(narrow.map { $0["value"]?.number } == [1, 2])
                #expect(try await stream.values("\(Self.october)&filter=r:a,r:b,t:2") == [4])
                #expect(try await stream.values("\(Self.october)&filter=r:z") == [0])
                try await FoldPoints(store: cloud.store, surroundings: cloud.place.surroundings).run(everything: true)
            }
        }
    }

    @Test func `fall into the days of a time zone, also where clocks change`() async throws {
        try await Installation.run { cloud in
            let stream = try await TestStream.make(cloud)
            let start: Int64 = 1_666_908_000  // 2022-10-27T22:00Z, a midnight in Berlin
            _ = try await stream.send((0..<120).map { TestStream.point(at: .integer(start + Int64($0) * 3600)) }).expecting(201)
            try await FoldPoints(store: cloud.store, surroundings: cloud.place.surroundings).run(everything: true)
            let span = "from=2022-10-27T22:00:00Z&to=2022-11-01T22:00:00Z"
            #expect(try await stream.values("\(span)&timezone=Europe/Berlin") == [24, 24, 25, 24, 23])
            #expect(try await stream.values("\(span)&timezone=UTC") == [2, 24, 24, 24, 24, 22])
            #expect(try await stream.values("\(span)&timezone=Europe/Berlin&granularity=week") == [73, 47])
            #expect(try await stream.values("\(span)&granularity=quarter") == [120])
            #expect(try await stream.values("\(span)&granularity=month") == [98, 22])
            #expect(try await stream.values("from=2022-10-27T22:30:00Z&to=2022-10-28T00:00:00Z") == [1])
        }
    }

    @Test func `are refused with what cannot be asked`() async throws {
        try await Installation.run { cloud in
            let stream = try await TestStream.make(cloud)
            #expect(try await stream.data("").status == 404)
            _ = try await stream.send([TestStream.point(), TestStream.point("b")]).expecting(201)
            _ = try await stream.send([TestStream.point("b")], "Maximum").expecting(201)
            for query in [
                "", "metric=b", "metric=b&function=median", "metric=orders&timezone=Mars/Base", "metric=orders&granularity=decade",
                "metric=orders&from=2022-10-02T00:00:00Z&to=2022-10-01T00:00:00Z", "metric=orders&filter=x",
                "metric=orders&from=1900-01-01T00:00:00Z&granularity=hour",
            ] {
                #expect(try await stream.data(query).status == 400, "\(query)")
            }
            #expect(try await stream.data("metric=nothing").status == 404)
            #expect(try await stream.data("metric=b&function=MAX").status == 200)
            let metrics = try await cloud.get("/v1/streams/\(stream.id)/metrics", as: cloud.home.liveKey).items
            #expect(metrics.map { $0["metric_name"] } == ["b", "b", "orders"])
            #expect(metrics.first?["first_at"] == "2022-10-01T00:00:00Z")
        }
    }
}
