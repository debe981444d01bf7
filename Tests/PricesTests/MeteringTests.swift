import Kernel
import Prices
import Server
import Storage
import TestKit
import Testing

@Suite struct `What is billed` {
    @Test(arguments: [Int64(0), 1, 59_999, 1_800_000, 3_599_999], [false, true])
    func `is what was estimated, to the last digit, whatever the start and the scheduled prices`(offset: Int64, changing: Bool) async throws
    {
        try await Shop.run { shop in
            let clock = shop.cloud.clock
            clock.advance(to: Timestamp(milliseconds: clock.now.hour.milliseconds + 3_600_000 + offset))
            if changing {
                _ = try await shop.price("instance.s-1", "0.013333333333333333", from: clock.now.adding(seconds: 86_400 * 3 + 1234))
                _ = try await shop.price("instance.s-1", "0.000000000000000007", from: clock.now.adding(seconds: 86_400 * 5))
                _ = try await shop.price(
                    "instance.s-1", "0.0091", from: clock.now.adding(seconds: 86_400 * 9 + 7), more: [.init("provider", "docker")])
            }
            let estimate = try await shop.reserve(Shop.instance(), for: "inst_a")
            try await shop.meter(Shop.instance(), for: "inst_a")
            clock.advance(to: shop.monthEnd)
            while try await shop.closeHours(limit: 100) > 0 {}
            #expect(try await shop.billed("inst_a") == estimate.periodAmount)
            #expect(estimate.periodAmount > .zero)
            #expect(try await shop.closeHours() == 0)
        }
    }

    @Test func `is one price for a whole month of whole hours`() async throws {
        try await Shop.run { shop in
            shop.cloud.clock.advance(to: shop.monthEnd)
            let estimate = try await shop.reserve(Shop.instance(), for: "inst_a")
            #expect(estimate.hourly == ExactDecimal("0.007") && estimate.monthly == ExactDecimal("5.11"))
            #expect(estimate.periodAmount == ExactDecimal("5.04"))  // April has 720 hours
        }
    }

    @Test func `is once per hour, however often and from however many sides hours are closed`() async throws {
        try await Shop.run { shop in
            try await shop.reserve(Shop.instance(), for: "inst_a")
            try await shop.meter(Shop.instance(), for: "inst_a")
            shop.cloud.clock.advance(seconds: 5 * 3600)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 { group.addTask { try await shop.closeHours(limit: 2) } }
                try await group.waitForAll()
            }
            #expect(try await shop.closeHours() == 0)
            #expect(try await shop.count("SELECT COUNT(*) FROM charges") == 5)
            // From 12:34:56 to 17:00:00, one slice of 1504 seconds and four whole hours.
            #expect(try await shop.billed("inst_a") == ExactDecimal("0.030924444444444444"))
        }
    }

    @Test func `is one row for a stop and a start inside an hour`() async throws {
        try await Shop.run { shop in
            try await shop.reserve(Shop.instance(), for: "inst_a")
            try await shop.meter(Shop.instance(), for: "inst_a")
            shop.cloud.clock.advance(seconds: 60)
            try await shop.meter(.init(lines: [], counts: [:]), for: "inst_a")
            shop.cloud.clock.advance(seconds: 60)
            for _ in 0..<2 { try await shop.meter(Shop.instance(), for: "inst_a") }
            shop.cloud.clock.advance(seconds: 60)
            try await shop.meter(.init(lines: [], counts: [:]), for: "inst_a")
            #expect(try await shop.closeHours() == 0)
            shop.cloud.clock.advance(seconds: 3600)
            #expect(try await shop.closeHours() == 1)
            // Two slices of a minute, each rounded once.
            #expect(try await shop.billed("inst_a") == ExactDecimal("0.000233333333333334"))
            #expect(try await shop.count("SELECT COUNT(*) FROM metered_intervals WHERE is_closed = 0") == 0)
        }
    }

    @Test func `never changes: a late end or start counts from where the closed hours end`() async throws {
        try await Shop.run { shop in
            let start = shop.cloud.clock.now
            try await shop.reserve(Shop.instance(), for: "inst_a")
            try await shop.meter(Shop.instance(), for: "inst_a")
            shop.cloud.clock.advance(seconds: 3 * 3600)
            try await shop.closeHours()
            let billed = try await shop.billed("inst_a")
            try await shop.meter(.init(lines: [], counts: [:]), for: "inst_a", at: start.adding(seconds: 60))
            try await shop.meter(Shop.instance(), for: "inst_a", at: start.adding(seconds: 120))
            try await shop.closeHours()
            #expect(try await shop.billed("inst_a") == billed)
            let end = shop.cloud.clock.now.nextHour
            shop.cloud.clock.advance(to: end)
            try await shop.closeHours()
            #expect(try await shop.billed("inst_a") == billed + (ExactDecimal("0.007") ?? .zero))
        }
    }

    @Test func `is told for a page of resources at once`() async throws {
        try await Shop.run { shop in
            try await shop.reserve(Shop.instance(), for: "inst_a")
            try await shop.meter(Shop.instance(), for: "inst_a")
            try await shop.reserve(Shop.volume(100), for: "vol_a")
            shop.cloud.clock.advance(seconds: 1504)
            let now = shop.cloud.clock.now
            let tenant = shop.tenant
            let costs = try await shop.cloud.store.read { try ResourceCost.of(["inst_a", "vol_a", "inst_x"], in: tenant, at: now, $0) }
            #expect(costs["inst_a"]?.hourly == ExactDecimal("0.007") && costs["inst_a"]?.monthlyEstimate == ExactDecimal("5.11"))
            #expect(costs["inst_a"]?.monthToDate == ExactDecimal("0.002924444444444444"))
            #expect(costs["vol_a"]?.hourly == ExactDecimal("0.011") && costs["vol_a"]?.monthToDate == .zero)
            #expect(costs["inst_x"] == nil)
        }
    }
}

extension Timestamp {
    fileprivate var hour: Timestamp { floored(toSeconds: 3600) }
    fileprivate var nextHour: Timestamp { hour.adding(seconds: 3600) }
}
