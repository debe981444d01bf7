import HTTPTypes
import Kernel
import Server
import TestKit
import Testing

@Suite struct `Points that are sent` {
    @Test func `may tell their hour in every documented form`() async throws {
        try await Installation.run { cloud in
            let stream = try await TestStream.make(cloud)
            let table: [String] = [
                #""2022-10-01 00:00:00""#, #""20221001000000""#, #""2022-10-01""#, "1664582400", #""1664582400000""#,
                #""2022-10-01T05:30:00+05:30""#, #""2022-10-01T00:00Z""#, #""2022-09-30t19:00:00.000-05:00""#, "20221001", "1664582400.0",
                "1664582400000", #""2022\u002d10-01""#,
            ]
            #expect(try await stream.send([TestStream.point()]).counts == [1, 0])
            for timestamp in table {
                let again = try await stream.sendText(#"[{"timestamp":\#(timestamp),"metric_name":"orders","metric_value":2}]"#)
                #expect(again.status == 201 && again.counts == [0, 1], "\(again.text)")
            }
        }
    }

    @Test func `are refused with any other timestamp`() async throws {
        try await Installation.run { cloud in
            let stream = try await TestStream.make(cloud)
            let table: [String] = [
                "1234567890", #""2022-10-01 00:30:00""#, #""2022100113""#, #""202210011300""#, #""""#, "null", "true", "{}", "[]", "-1",
                "1e9",
                #""2022-10-01 00:00:01""#, #""2022-10-01T00:00:00.5Z""#, #""2022-13-01""#, #""2022-02-29""#, #""2022-10-01 24:00:00""#,
                #""2022-10-01 00:00:00 ""#, #""2022-10-01T00:00:00+05:30""#, #""2022-10-01T00""#, #""1664582400001""#, #""99999999""#,
                #""2022/10/01""#, #""２０２２-10-01""#,
            ]
            for timestamp in table {
                let reply = try await stream.sendText(#"[{"timestamp":\#(timestamp),"metric_name":"orders","metric_value":2}]"#)
                #expect(reply.status == 400, "\(reply.text)")
                #expect(reply["errors"]?.array?.first?["pointer"] == "/data/0/timestamp", "\(reply.text)")
            }
        }
    }

    @Test func `are told apart by name, function, dimensions and hour, and by nothing else`() async throws {
        try await Installation.run { cloud in
            let stream = try await TestStream.make(cloud)
            let ab: JSON = ["a": "1", "b": "2"]
            #expect(try await stream.send([TestStream.point(dimensions: ab)]).counts == [1, 0])
            #expect(try await stream.send([TestStream.point(dimensions: ["b": "2", "a": "1"])]).counts == [0, 1])
            #expect(try await stream.send([TestStream.point(dimensions: [["b", 2], ["a", .double(1)]])]).counts == [0, 1])
            #expect(try await stream.send([TestStream.point(dimensions: ab)], "sum").counts == [0, 1])
            #expect(try await stream.send([TestStream.point(dimensions: ab)], "Average").counts == [1, 0])
            #expect(try await stream.send([TestStream.point(dimensions: ["a": "1"])]).counts == [1, 0])
            #expect(try await stream.send([TestStream.point("Orders", dimensions: ab)]).counts == [1, 0])
            #expect(try await stream.send([TestStream.point(at: "2022-10-01 01:00:00", ab)]).counts == [1, 0])
            #expect(try await stream.send([TestStream.point("bare")]).counts == [1, 0])
            #expect(try await stream.send([TestStream.point("bare", dimensions: .object([]))]).counts == [0, 1])
            #expect(try await stream.send([TestStream.point("bare", dimensions: ["x": .null])]).counts == [0, 1])
            let other = try await TestStream.make(cloud, "other")
            #expect(try await other.send([TestStream.point(dimensions: ab)]).counts == [1, 0])
        }
    }

    @Test func `count once in a request, and the last one stands`() async throws {
        try await Installation.run { cloud in
            let stream = try await TestStream.make(cloud)
            let reply = try await stream.send((1...5).map { TestStream.point("orders", JSON($0)) } + [TestStream.point("other")])
            #expect(reply.counts == [2, 0])
            #expect(try await stream.values("metric=orders&from=2022-10-01T00:00:00Z&to=2022-10-02T00:00:00Z") == [5])
            #expect(try await stream.send([]).counts == [0, 0])
        }
    }

    @Test func `have at most ten dimensions, and one point too wide keeps all of them out`() async throws {
        try await Installation.run { cloud in
            let stream = try await TestStream.make(cloud)
            func wide(_ count: Int) -> JSON { .object((0..<count).map { .init("d\($0)", "v") }) }
            #expect(try await stream.send([TestStream.point(dimensions: wide(10))]).counts == [1, 0])
            let refused = try await stream.send([TestStream.point("fresh"), TestStream.point("fresh", dimensions: wide(11))])
            #expect(refused.status == 400 && refused["errors"]?.array?.first?["pointer"] == "/data/1/custom_dimensions")
            #expect(try await stream.send([TestStream.point("fresh")]).counts == [1, 0])
        }
    }

    @Test func `have any finite number as value, to the last digit`() async throws {
        try await Installation.run { cloud in
            let stream = try await TestStream.make(cloud)
            let table: [(String, Double)] = [
                ("5000", 5000.0), (#""5000""#, 5000), (#"" +5.50 ""#, 5.5), (#"".5e1""#, 5), ("-0.125", -0.125), ("1e3", 1000),
                ("0.1", 0.1), ("123456789012345678901234567890", 123456789012345678901234567890.0),
                ("2.2250738585072014e-308", Double.leastNormalMagnitude),
                ("9007199254740993", 9007199254740993.0), ("1.7976931348623157e308", 1.7976931348623157e308),
                ("0.30000000000000004", 0.30000000000000004),
            ]
            for (text, value) in table {
                let reply = try await stream.sendText(#"[{"timestamp":"2022-10-01","metric_name":"orders","metric_value":\#(text)}]"#)
                #expect(reply.status == 201, "\(reply.text)")
                let read = try await stream.data("from=2022-10-01T00:00:00Z&to=2022-10-02T00:00:00Z")
                #expect(read["data"]?.array?.first?["value"]?.number == value, "\(read.text)")
            }
        }
    }

    @Test func `are refused with anything else as value`() async throws {
        try await Installation.run { cloud in
            let stream = try await TestStream.make(cloud)
            let table: [String] = [
                "null", "true", #""""#, #""NaN""#, #""inf""#, #""-Infinity""#, "1e400", #""1e400""#, #""0x10""#, #""1_000""#, #""12 3""#,
                "{}",
                "[1]",
                #"".""#, #""e5""#,
            ]
            for text in table {
                let reply = try await stream.sendText(#"[{"timestamp":"2022-10-01","metric_name":"orders","metric_value":\#(text)}]"#)
                #expect(reply.status == 400 && reply["errors"]?.array?.first?["pointer"] == "/data/0/metric_value", "\(reply.text)")
            }
        }
    }

    @Test func `may misspell the value, unless it is spelt right as well`() async throws {
        try await Installation.run { cloud in
            let stream = try await TestStream.make(cloud)
            let range = "from=2022-10-01T00:00:00Z&to=2022-10-02T00:00:00Z"
            _ = try await stream.sendText(#"[{"timestamp":"2022-10-01","metric_name":"orders","mertic_value":7}]"#).expecting(201)
            #expect(try await stream.values(range) == [7])
            _ = try await stream.sendText(
                #"[{"timestamp":"2022-10-01","mertic_value":"x","metric_name":"orders","metric_value":8,"note":{"a":[1,null,"é"]}}]"#
            ).expecting(201)
            #expect(try await stream.values(range) == [8])
        }
    }

    @Test func `are refused with 400 when they are malformed`() async throws {
        try await Installation.run { cloud in
            let stream = try await TestStream.make(cloud)
            let table: [String] = [
                #"[{"metric_name":"a","metric_value":1}]"#, #"[{"timestamp":"2022-10-01","metric_value":1}]"#,
                #"[{"timestamp":"2022-10-01","metric_name":"a"}]"#, #"[{"timestamp":"2022-10-01","metric_name":"","metric_value":1}]"#,
                #"[{"timestamp":"2022-10-01","metric_name":5,"metric_value":1}]"#, "{}", "null", "[1]", "[[]]", "7",
                #"[{"timestamp":"2022-10-01","metric_name":"a","metric_value":1,"custom_dimensions":"x"}]"#,
                #"[{"timestamp":"2022-10-01","metric_name":"a","metric_value":1,"custom_dimensions":{"a":{"b":1}}}]"#,
                #"[{"timestamp":"2022-10-01","metric_name":"a","metric_value":1,"custom_dimensions":{"a":1,"a":2}}]"#,
                #"[{"timestamp":"2022-10-01","metric_name":"a","metric_value":1,"custom_dimensions":[["a",1],["a",2]]}]"#,
                #"[{"timestamp":"2022-10-01","metric_name":"a","metric_value":1,"custom_dimensions":[["a"]]}]"#,
                #"[{"timestamp":"2022-10-01","metric_name":"a","metric_value":1,"custom_dimensions":{"a":""}}]"#,
                #"[{"timestamp":"2022-10-01","metric_name":"a","metric_value":1,"metric_value":2}]"#,
                #"[{"timestamp":"2022-10-01","metric_name":"a","metric_value":01}]"#,
                #"[{"timestamp":"2022-10-01","metric_name":"a\x","metric_value":1}]"#,
                #"[{"timestamp":"2022-10-01","metric_name":"a","metric_value":1},]"#,
                #"[{"timestamp":"2022-10-01","metric_name":"a","metric_value":1"#,
                #"[{"timestamp":"2022-10-01","metric_name":"\ud800","metric_value":1}]"#,
                #"[{"timestamp":"2022-10-01","metric_name":"\u0000","metric_value":1}]"#,
            ]
            for data in table {
                let reply = try await stream.sendText(data)
                #expect(reply.status == 400 && reply.code != nil, "\(reply.text)")
                #expect(try await cloud.get("/v1/streams/\(stream.id)/metrics", as: cloud.home.liveKey).items.isEmpty)
            }
        }
    }

    @Test func `need a stream of their own kind, a known function and no more than ten thousand at a time`() async throws {
        try await Installation.run { cloud in
            let stream = try await TestStream.make(cloud)
            let kubernetes = try await TestStream.make(cloud, "k8s", type: "kubernetes")
            #expect(try await kubernetes.send([TestStream.point()]).status == 400)
            for token in ["nope", cloud.home.liveKey, stream.token + "x"] {
                let body: JSON = ["data_stream_token": .string(token), "metric_agg_func": "Sum", "data": [TestStream.point()]]
                #expect(try await cloud.post("/streams/ingest", as: cloud.home.liveKey, body).status == 404)
            }
            #expect(try await cloud.get("/v1/ping", as: stream.token).status == 401)
            #expect(try await stream.send([TestStream.point()], "Median").status == 400)
            #expect(try await stream.sendText("[]", function: "3").status == 400)
            #expect(try await cloud.send(.post, "/streams/ingest", as: cloud.home.liveKey, Array("{}".utf8)).status == 400)
            #expect(try await cloud.send(.post, "/streams/ingest", as: cloud.home.liveKey, []).status == 400)
            let many = (0..<10_001).map { TestStream.point("m\($0)") }
            #expect(try await stream.send(many).status == 400)
            #expect(try await stream.send(many.dropLast()).counts == [10_000, 0])
            #expect(try await stream.send(many.dropLast()).counts == [0, 10_000])
        }
    }

    @Test func `are only the tenant's who has the stream`() async throws {
        try await Installation.run { cloud in
            let stream = try await TestStream.make(cloud)
            let stranger = try await cloud.makeWorkspace()
            let body: JSON = ["data_stream_token": .string(stream.token), "metric_agg_func": "Sum", "data": [TestStream.point()]]
            #expect(try await cloud.post("/streams/ingest", as: stranger.liveKey, body).status == 404)
            #expect(try await cloud.post("/streams/ingest", as: cloud.home.testKey, body).status == 404)
            #expect(try await cloud.post("/api/streams/ingest/", body, headers: ["X-API-KEY": cloud.home.liveKey]).counts == [1, 0])
            let once = try await cloud.post("/streams/ingest", as: cloud.home.liveKey, body, headers: ["Idempotency-Key": "k"])
            let again = try await cloud.post("/streams/ingest", as: cloud.home.liveKey, body, headers: ["Idempotency-Key": "k"])
            #expect(once.counts == [0, 1] && again.bytes == once.bytes && again.header("Idempotent-Replayed") == "true")
        }
    }
}

extension TestStream {
    fileprivate static func point(_ name: String = "orders", dimensions: JSON) -> JSON { point(name, 1, dimensions) }
}

extension JSON {
    /// Of either kind of number.
    var number: Double? {
        switch self {
        case .double(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }
}

extension Installation {
    fileprivate func post(_ path: String, _ body: JSON, headers: [String: String]) async throws -> Reply {
        try await call(.post, path, as: nil, body, headers: headers)
    }
}
