import Identity
import Kernel
import Server
import Storage
import TestKit
import Testing

@Suite struct `The filter of a team` {
    private static let payments = DataFilter.Facts(
        bucket: .aws, values: [.account: "012345678901", .region: "eu-west-1", .service: "Amazon EC2"],
        tags: ["team": "payments", "env": "prod"])
    private static let project = DataFilter.Facts(bucket: .gcp, values: [.account: "shop"], tags: ["env": "dev"])
    private static let orders = DataFilter.Facts(bucket: .custom, values: [.metric: "orders"])
    private static let own = DataFilter.Facts(bucket: nil, tags: ["team": "payments"])

    private static func seen(by filter: DataFilter) -> [Bool] { [payments, project, orders, own].map(filter.allows) }
    private static func team(_ buckets: [DataFilter.Bucket: [DataFilter.Condition]]?, _ priorities: Set<Int64>? = nil)
        -> DataFilter.TeamFilter
    { .init(buckets: buckets, priorities: priorities) }

    @Test func `restricts nothing without a list, and the buckets without one once there is some`() {
        #expect(Self.seen(by: .unrestricted) == [true, true, true, true])
        #expect(Self.seen(by: DataFilter(teams: [Self.team(nil)])) == [true, true, true, true])
        #expect(Self.seen(by: DataFilter(teams: [])) == [false, false, false, false])
        let aws = DataFilter(teams: [Self.team([.aws: [.init(.account, .values(["012345678901"]))]])])
        #expect(Self.seen(by: aws) == [true, false, false, false])
    }

    @Test func `takes any value of a list, needs every list of a bucket, and joins the buckets`() {
        let either = DataFilter.Condition(.account, .values(["1", "012345678901"]))
        let elsewhere = DataFilter.Condition(.region, .values(["us-east-1"]))
        #expect(Self.seen(by: DataFilter(teams: [Self.team([.aws: [either]])]))[0])
        #expect(!Self.seen(by: DataFilter(teams: [Self.team([.aws: [either, elsewhere]])]))[0])
        let both = Self.team([.aws: [either], .gcp: [.init(.account, .values(["shop"]))]])
        #expect(Self.seen(by: DataFilter(teams: [both])) == [true, true, false, false])
        let absent = DataFilter.Condition(.sku, .values(["x"]))
        #expect(!Self.seen(by: DataFilter(teams: [Self.team([.aws: [absent]])]))[0], "what is not known does not match")
    }

    @Test func `matches tags by key and value, or by the key alone`() {
        func seen(_ pairs: [DataFilter.Pair], _ dimension: DataFilter.Dimension = .tag) -> Bool {
            DataFilter(teams: [Self.team([.aws: [.init(dimension, .pairs(pairs))]])]).allows(Self.payments)
        }
        #expect(seen([.init("team", "payments")]) && seen([.init("team", nil)]) && seen([.init("x", nil), .init("env", "prod")]))
        #expect(!seen([.init("team", "Payments")]) && !seen([.init("x", nil)]) && !seen([]) && !seen([.init("team", nil)], .accountTag))
    }

    @Test func `joins the teams somebody is in, and asks one team for place and priority alike`() {
        let aws = Self.team([.aws: [.init(.region, .values(["eu-west-1"]))]], [1])
        let gcp = Self.team([.gcp: [.init(.account, .values(["shop"]))]])
        let both = DataFilter(teams: [aws, gcp])
        #expect(Self.seen(by: both) == [true, true, false, false])
        #expect(both.allows(Self.payments, priority: 1) && !both.allows(Self.payments, priority: 2))
        #expect(!both.allows(Self.payments, priority: nil) && both.allows(Self.project, priority: nil))
        #expect(Self.seen(by: DataFilter(teams: [aws, Self.team(nil)])) == [true, true, true, true])
        let urgent = DataFilter(teams: [Self.team(nil, [1])])
        #expect(Self.seen(by: urgent) == [true, true, true, true])
        #expect(urgent.allows(Self.own, priority: 1) && !urgent.allows(Self.own, priority: 3))
    }

    @Test func `is what the member's teams say, and nothing for whom none is meant`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let bob = try await cloud.makeMember("bob@home.example", of: cloud.home, role: "viewer")
            func filter() async throws -> DataFilter {
                try await cloud.store.read { connection in
                    let rights = try #require(try UserRights.of(UserID(bob.id), in: cloud.home.workspace, connection))
                    let caller = Caller(
                        workspace: cloud.home.workspace, mode: .live, credential: .init(kind: .session, id: "sn_x", project: nil),
                        user: UserID(bob.id), scopes: rights.scopes, reach: rights.reach, profile: .cloudapi)
                    return try DataFilter.of(caller, connection)
                }
            }
            #expect(try await filter() == .unrestricted)
            let body: JSON = [
                "id": "7", "name": "x", "aws_account_ids": [1], "aws_regions": ["x"], "aws_services": [],
                "aws_tags": [["Key": "team", "Value": "a"], ["env": "prod", "tier": "1"], ["key": "any"]],
                "custom_metric_names": ["orders"],
                "opportunity_priorities": [1],
            ]
            _ = try await cloud.post("/teams", as: key, body).expecting(200)
            _ = try await cloud.post("/teams/7/members/assign", as: key, ["users_ids": [.string(bob.id)]]).expecting(200)
            let pairs: [DataFilter.Pair] = [.init("team", "a"), .init("env", "prod"), .init("tier", "1"), .init("any", nil)]
            let expected = DataFilter.TeamFilter(
                buckets: [
                    .aws: [.init(.account, .values(["000000000001"])), .init(.tag, .pairs(pairs))],
                    .custom: [.init(.metric, .values(["orders"]))],
                ], priorities: [1])
            #expect(try await filter() == DataFilter(teams: [expected]))
            _ = try await cloud.patch("/v1/users/" + bob.id, as: key, ["role": "admin"]).expecting(200)
            #expect(try await filter() == .unrestricted)
        }
    }
}
