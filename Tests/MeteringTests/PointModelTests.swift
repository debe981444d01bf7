import Kernel
import Metering
import Server
import Storage
import TestKit
import Testing

/// The store beside a dictionary that says what it must hold: random batches, folds in between, and a new start.
@Suite struct `The point store` {
    private struct Key: Hashable {
        let metric: Int
        let function: Int
        let series: Int
        let hour: Int
    }

    private static let functions = ["Sum", "Average", "Minimum", "Maximum"]
    private static let start = 463_000  // 2022-10-26T16:00Z, in hours since 1970

    @Test(arguments: [1, 2]) func `holds what a dictionary holds, and counts as it does`(seed: UInt64) async throws {
        try await Place.fresh { place in
            let home = try await Installation.prepare(place)
            var model: [Key: Int] = [:]
            var generator = SeededGenerator(seed: seed)
            var made: (id: String, token: String)?
            for _ in 0..<3 {
                let (before, bits, known) = (model, generator, made)
                (model, generator, made) = try await Installation.open(in: place, home: home) { cloud in
                    var (model, generator) = (before, bits)
                    let stream =
                        if let known { TestStream(cloud: cloud, id: known.id, token: known.token) } else {
                            try await TestStream.make(cloud)
                        }
                    for _ in 0..<8 { try await Self.step(stream, &model, &generator) }
                    try await Self.check(stream, model)
                    return (model, generator, (stream.id, stream.token))
                }
            }
        }
    }

    private static func step(_ stream: TestStream, _ model: inout [Key: Int], _ generator: inout SeededGenerator) async throws {
        let function = Int.random(in: 0..<4, using: &generator)
        let spread = [1, 40, 4000].randomElement(using: &generator) ?? 1
        var points: [JSON] = []
        var fresh: Set<Key> = []
        var resent: Set<Key> = []
        for _ in 0..<Int.random(in: 0...120, using: &generator) {
            let key = Key(
                metric: Int.random(in: 0..<3, using: &generator), function: function, series: Int.random(in: 0..<6, using: &generator),
                hour: start + Int.random(in: -spread...spread, using: &generator))
            let value = Int.random(in: -1000...1000, using: &generator)
            let pairs: [JSON.Member] = [.init("id", .string("s\(key.series)")), .init("odd", .bool(key.series % 2 == 1))]
            points.append(
                TestStream.point(
                    "m\(key.metric)", JSON(value), at: .integer(Int64(key.hour) * 3600),
                    .object(Bool.random(using: &generator) ? pairs : pairs.reversed())))
            if model[key] == nil || fresh.contains(key) { fresh.insert(key) } else { resent.insert(key) }
            model[key] = value
        }
        let reply = try await stream.send(points, functions[function]).expecting(201)
        #expect(reply.counts == [Int64(fresh.count), Int64(resent.count)])
        let fold = FoldPoints(store: stream.cloud.store, surroundings: stream.cloud.place.surroundings)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: try await fold.run(everything: true)
        case 1:
            stream.cloud.clock.advance(seconds: 21)
            try await fold.run()
        default: break
        }
    }

    private static func check(_ stream: TestStream, _ model: [Key: Int]) async throws {
        for metric in 0..<3 {
            for function in 0..<4 {
                let held = model.filter { $0.key.metric == metric && $0.key.function == function }
                guard !held.isEmpty else { continue }
                let (first, last) = (held.keys.map(\.hour).min() ?? 0, held.keys.map(\.hour).max() ?? 0)
                let span = "from=\(time(first))&to=\(time(last + 1))&metric=m\(metric)&function=\(functions[function])"
                let listed = try await stream.cloud.get("/v1/streams/\(stream.id)/metrics", as: stream.cloud.home.liveKey).items.first {
                    $0["metric_name"]?.string == "m\(metric)" && $0["metric_agg_func"]?.string == functions[function]
                }
                #expect(listed?["points"]?.integer == Int64(held.count))
                #expect(listed?["first_at"]?.string == time(first) && listed?["last_at"]?.string == time(last))
                for granularity in last - first > 500 ? ["day", "month"] : ["hour", "day"] {
                    let lines = try await stream.data("\(span)&granularity=\(granularity)&group_by=id").expecting(200)["data"]?.array ?? []
                    #expect(lines.count == Set(held.keys.map(\.series)).count)
                    for line in lines {
                        let own = held.filter { "s\($0.key.series)" == line["group"]?.string }
                        try compare(line, own, function)
                    }
                    let whole = try await stream.data("\(span)&granularity=\(granularity)").expecting(200)["data"]?.array?.first
                    try compare(#require(whole), held, function)
                    let odd = try await stream.data("\(span)&granularity=\(granularity)&filter=odd:true").expecting(200)["data"]?.array?
                        .first
                    try compare(#require(odd), held.filter { $0.key.series % 2 == 1 }, function)
                }
            }
        }
    }

    private static func compare(_ line: JSON, _ held: [Key: Int], _ function: Int) throws {
        let buckets = try #require(line["buckets"]?.array)
        let starts = buckets.compactMap { $0["start"]?.string.flatMap { Timestamp($0) }?.seconds }.map { Int($0 / 3600) }
        #expect(line["points"]?.integer == Int64(held.count))
        for (place, bucket) in buckets.enumerated() {
            let end = place + 1 < starts.count ? starts[place + 1] : .max
            let values = held.filter { $0.key.hour >= starts[place] && $0.key.hour < end }.values
            #expect(bucket["points"]?.integer == Int64(values.count))
            #expect(bucket["value"]?.number == expected(Array(values), function))
        }
    }

    private static func expected(_ values: [Int], _ function: Int) -> Double? {
        switch function {
        case 0: Double(values.reduce(0, +))
        case 1: values.isEmpty ? nil : Double(values.reduce(0, +)) / Double(values.count)
        case 2: values.min().map(Double.init)
        default: values.max().map(Double.init)
        }
    }

    private static func time(_ hour: Int) -> String { Timestamp(seconds: Int64(hour) * 3600).description }
}

@Suite struct `Two processes on one store` {
    @Test func `give a series one number, whoever met it first`() async throws {
        try await Place.fresh { place in
            let home = try await Installation.prepare(place)
            try await Installation.open(in: place, home: home) { one in
                let stream = try await TestStream.make(one)
                try await Installation.open(in: place, home: home) { two in
                    let other = TestStream(cloud: two, id: stream.id, token: stream.token)
                    for round in 0..<10 {
                        let points = (0...round).map { TestStream.point("orders", JSON(round), ["n": JSON($0)]) }
                        let sender = round % 2 == 0 ? stream : other
                        #expect(try await sender.send(points).expecting(201).counts == [1, Int64(round)])
                        #expect(try await sender.send(points).expecting(201).counts == [0, Int64(round) + 1])
                    }
                    let read = try await other.data("from=2022-10-01T00:00:00Z&to=2022-10-02T00:00:00Z").expecting(200)
                    #expect(read["data"]?.array?.first?["value"]?.number == 90)
                }
            }
        }
    }
}
