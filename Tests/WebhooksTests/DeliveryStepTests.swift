import Kernel
import TestKit
import Testing
import Webhooks

@Suite struct `The next step of a delivery` {
    private let now = StoppedClock.start

    private func step(
        _ outcome: AttemptOutcome, tries: Int = 1, _ health: EndpointHealth = .init(), jitter: UInt64 = 0
    ) -> DeliveryStep {
        DeliveryStep(after: outcome, tries: tries, health: health, at: now, jitter: jitter)
    }

    @Test(arguments: [200, 201, 204, 299]) func `is none after a 2xx, which also clears the endpoint's failures`(status: Int) {
        let failing = EndpointHealth(failingSince: now.adding(days: -20))
        let step = step(.answered(status: status, retryAfter: nil), failing)
        #expect(step.fate == .delivered && step.health == EndpointHealth() && step.disables == nil)
    }

    @Test(arguments: [100, 199, 300, 301, 307, 400, 404, 500, 599]) func `is another attempt after any other answer`(status: Int) {
        let step = step(.answered(status: status, retryAfter: nil))
        #expect(step.fate == .retry(at: now.adding(milliseconds: 4500)) && step.health.failingSince == now)
    }

    @Test func `follows the schedule, a tenth earlier or later, and ends after the tenth attempt`() {
        let waits: [Int64] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
        var generator = SeededGenerator(seed: 4)
        for (index, seconds) in waits.enumerated() {
            var seen: Set<Int64> = []
            for _ in 0..<200 {
                guard case .retry(let at) = step(.unanswered, tries: index + 1, jitter: generator.next()).fate else {
                    Issue.record("attempt \(index + 1) has no next")
                    return
                }
                let wait = at.milliseconds - now.milliseconds
                #expect((seconds * 900...seconds * 1100).contains(wait))
                seen.insert(wait)
            }
            #expect(seen.count > 50)
        }
        #expect(step(.unanswered, tries: 10).fate == .failed)
    }

    @Test func `spreads over the whole of the tenth`() {
        #expect(step(.unanswered, jitter: 0).fate == .retry(at: now.adding(milliseconds: 4500)))
        #expect(step(.unanswered, jitter: 1000).fate == .retry(at: now.adding(milliseconds: 5500)))
        #expect(step(.unanswered, jitter: 1001).fate == .retry(at: now.adding(milliseconds: 4500)))
    }

    @Test(arguments: [429, 503]) func `waits as long as the endpoint asks, at most a day, and so does all else for it`(status: Int) {
        let patient = step(.answered(status: status, retryAfter: 100))
        #expect(patient.fate == .retry(at: now.adding(seconds: 100)) && patient.health.pausedUntil == now.adding(seconds: 100))
        let absurd = step(.answered(status: status, retryAfter: 1 << 40))
        #expect(absurd.fate == .retry(at: now.adding(days: 1)) && absurd.health.pausedUntil == now.adding(days: 1))
        let hasty = step(.answered(status: status, retryAfter: 1), tries: 3)
        #expect(hasty.fate == .retry(at: now.adding(seconds: 1620)))
    }

    @Test func `takes no pause from answers that have none to give`() {
        #expect(step(.answered(status: 500, retryAfter: 100)).health.pausedUntil == nil)
    }

    @Test func `holds the delivery and disables an endpoint that is gone`() {
        let step = step(.answered(status: 410, retryAfter: nil))
        #expect(step.fate == .held && step.disables == .gone)
    }

    @Test func `disables an endpoint after five days of nothing but failure, not a millisecond before`() {
        let almost = EndpointHealth(failingSince: now.adding(days: -5).adding(milliseconds: 1))
        #expect(step(.unanswered, almost).disables == nil)
        let long = EndpointHealth(failingSince: now.adding(days: -5))
        #expect(step(.unanswered, long).disables == .failing && step(.unanswered, tries: 10, long).fate == .held)
    }

    @Test(
        arguments: [
            ("120", 120), ("0", 0), ("-1", nil), ("soon", nil), ("", nil), ("Tue, 10 Mar 2026 12:35:56 GMT", 60),
            ("Mon, 09 Mar 2026 12:35:56 GMT", 0), ("Tue, 10 Foo 2026 12:35:56 GMT", nil), ("Tue, 10 Mar 2026 12:35:56 CET", nil),
        ] as [(String, Int64?)])
    func `reads Retry-After as seconds or a date`(text: String, seconds: Int64?) {
        #expect(RetryAfter.seconds(text, at: now) == seconds)
    }
}
