import Alerts
import Kernel
import TestKit
import Testing

@Suite struct `States of an alert` {
    @Test(arguments: 0..<200)
    func `follow the table through any sequence`(_ seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var timing = AlertTiming()
        timing.pendingFor = [0, 60, 300].randomElement(using: &generator) ?? 0
        timing.keepFiringFor = [0, 60, 300].randomElement(using: &generator) ?? 0
        timing.repeatEvery = [0, 600, 14_400].randomElement(using: &generator) ?? 0
        timing.noData = AlertTiming.NoData.allCases.randomElement(using: &generator) ?? .ok
        var now = StoppedClock.start
        var phase = AlertPhase(state: .inactive, since: now)
        var model = PhaseModel()
        for _ in 0..<400 {
            let pause = [1, 30, 59, 60, 299, 300, 600, 900].randomElement(using: &generator) ?? 1
            let holds: Bool? = [true, true, false, nil].randomElement(using: &generator) ?? nil
            let recovers = Int.random(in: 0..<3, using: &generator) > 0
            now = now.adding(seconds: Int64(pause))
            let (next, notice) = phase.next(.init(holds: holds, recovers: recovers), timing, at: now)
            let expected = model.step(holds, recovers, timing, after: pause)
            #expect(next.state.rawValue == model.state && notice?.rawValue == expected)
            phase = next
        }
    }

    @Test func `a condition that clears while it is pending is dropped without a word`() {
        var timing = AlertTiming()
        timing.pendingFor = 300
        let start = StoppedClock.start
        let pending = AlertPhase(state: .inactive, since: start).next(.init(holds: true), timing, at: start)
        #expect(pending.phase.state == .pending && pending.notice == nil)
        let almost = pending.phase.next(.init(holds: true), timing, at: start.adding(milliseconds: 299_999))
        #expect(almost.phase == pending.phase)
        #expect(almost.phase.next(.init(holds: true), timing, at: start.adding(seconds: 300)).notice == .firing)
        let cleared = almost.phase.next(.init(holds: false), timing, at: start.adding(seconds: 300))
        #expect(cleared.phase.state == .inactive && cleared.notice == nil)
    }
}
