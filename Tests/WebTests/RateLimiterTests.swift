import Foundation
import Kernel
import Synchronization
import TestKit
import Testing

@testable import Web

@Suite struct `The rate limit` {
    private static let span: Int64 = 60_000

    /// The clock goes on by a random step each time it is read; whatever was admitted is looked at afterwards, window by window.
    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6, 7, 8])
    func `admits never more than N in any 60 seconds, with 64 threads asking`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let limit = Int.random(in: 1...150, using: &generator)
        let step = Int64.random(in: 1...2000, using: &generator)
        let clock = Mutex((now: StoppedClock.start.milliseconds, generator: generator))
        let limiter = RateLimiter()
        let admitted = Mutex<[Int64]>([])
        let threads = (0..<64).map { _ in
            Thread {
                for _ in 0..<50 {
                    var moment: Int64 = 0
                    func read() -> Timestamp {
                        moment = clock.withLock { clock in
                            clock.now += Int64.random(in: 0...step, using: &clock.generator)
                            return clock.now
                        }
                        return Timestamp(milliseconds: moment)
                    }
                    if limiter.admit("key", limit: limit, at: read()).isAdmitted { admitted.withLock { $0.append(moment) } }
                }
            }
        }
        for thread in threads { thread.start() }
        while !threads.allSatisfy(\.isFinished) { sched_yield() }
        let moments = admitted.withLock { $0.sorted() }
        #expect(mostInAWindow(moments) == min(limit, moments.count), "no more than it may, and no less")
    }

    /// The number of admissions in the fullest window of 60 s.
    private func mostInAWindow(_ moments: [Int64]) -> Int {
        var first = 0
        var most = 0
        for (last, moment) in moments.enumerated() {
            while moments[first] <= moment - Self.span { first += 1 }
            most = max(most, last - first + 1)
        }
        return most
    }

    @Test func `admits all N at once, and the next exactly when the first is 60 seconds old`() {
        let limiter = RateLimiter()
        let start = StoppedClock.start
        for number in 0..<120 { #expect(limiter.admit("key", limit: 120, at: start.later(Int64(number))).isAdmitted) }
        let refused = limiter.admit("key", limit: 120, at: start.later(500))
        #expect(!refused.isAdmitted && refused.remaining == 0)
        #expect(refused.resetsAt == start.later(Self.span))
        #expect(!limiter.admit("key", limit: 120, at: start.later(Self.span - 1)).isAdmitted)
        #expect(limiter.admit("key", limit: 120, at: start.later(Self.span)).isAdmitted)
        #expect(!limiter.admit("key", limit: 120, at: start.later(Self.span)).isAdmitted)
        #expect(limiter.admit("key", limit: 120, at: start.later(Self.span + 1)).isAdmitted)
    }

    /// The limit of a key can be lowered below what was already admitted, and a token's may be lower than its maker's.
    @Test(arguments: [UInt64(1), 2, 3])
    func `says exactly when the next one will pass, also after the limit was lowered`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let limiter = RateLimiter()
        var now = StoppedClock.start
        for _ in 0..<300 {
            now = now.later(.random(in: 0...700, using: &generator))
            let limit = Int.random(in: 1...40, using: &generator)
            let verdict = limiter.admit("key", limit: limit, at: now)
            guard !verdict.isAdmitted else { continue }
            #expect(verdict.resetsAt > now)
            #expect(!limiter.admit("key", limit: limit, at: verdict.resetsAt.later(-1)).isAdmitted)
            now = verdict.resetsAt
            #expect(limiter.admit("key", limit: limit, at: now).isAdmitted)
        }
    }

    @Test func `counts each key by itself, and what is refused not at all`() {
        let limiter = RateLimiter()
        let now = StoppedClock.start
        for _ in 0..<10 { _ = limiter.admit("one", limit: 1, at: now) }
        #expect(limiter.admit("other", limit: 1, at: now).isAdmitted)
        #expect(limiter.admit("one", limit: 1, at: now.later(Self.span)).isAdmitted)
    }

    @Test func `tells how many are left`() {
        let limiter = RateLimiter()
        let left = (0..<4).map { _ in limiter.admit("key", limit: 3, at: StoppedClock.start).remaining }
        #expect(left == [2, 1, 0, 0])
    }

    @Test func `is not fooled by a clock that goes back`() {
        let limiter = RateLimiter()
        let now = StoppedClock.start
        #expect(limiter.admit("key", limit: 1, at: now).isAdmitted)
        #expect(!limiter.admit("key", limit: 1, at: now.later(-Self.span)).isAdmitted)
        #expect(!limiter.admit("key", limit: 1, at: now.later(Self.span - 1)).isAdmitted)
    }

    @Test func `forgets keys that were idle, when there are very many`() {
        let limiter = RateLimiter()
        let now = StoppedClock.start
        for number in 0...10_000 { _ = limiter.admit("\(number)", limit: 1, at: now) }
        #expect(!limiter.admit("7", limit: 1, at: now.later(1)).isAdmitted)
        #expect(limiter.admit("new", limit: 1, at: now.later(Self.span + 1)).isAdmitted)
        #expect(limiter.admit("7", limit: 1, at: now.later(Self.span + 1)).isAdmitted)
    }
}

extension Timestamp {
    fileprivate func later(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: self.milliseconds + milliseconds) }
}
