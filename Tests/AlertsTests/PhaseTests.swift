import Alerts
import Kernel
import TestKit
import Testing

/// The table of the contract, written a second time: as a table, with everything counted in whole seconds from the start of each state.
private struct Model {
    var state = "inactive"
    var age = 0
    var sinceTold = 0

    mutating func step(_ holds: Bool?, _ recovers: Bool, _ timing: AlertTiming, after seconds: Int) -> String? {
        age += seconds
        sinceTold += seconds
        let input = holds.map { $0 ? "true" : "false" } ?? "none-\(timing.noData.rawValue)"
        func go(_ next: String) { (state, age) = (next, 0) }
        switch (state, input) {
        case ("inactive", "true"), ("resolved", "true"), ("inactive", "none-alert"), ("resolved", "none-alert"):
            if timing.pendingFor > 0 {
                go("pending")
                return nil
            }
            go("firing")
            sinceTold = 0
            return "firing"
        case ("resolved", _):
            if age >= 900 { go("inactive") }
            return nil
        case ("pending", "false"):
            go("inactive")
            return nil
        case ("pending", "true"), ("pending", "none-alert"):
            guard age >= Int(timing.pendingFor) else { return nil }
            go("firing")
            sinceTold = 0
            return "firing"
        case ("firing", "none-ok"):
            go("resolved")
            return "resolved"
        case ("firing", "false") where recovers:
            if timing.keepFiringFor > 0 {
                go("recovering")
                return nil
            }
            go("resolved")
            return "resolved"
        case ("firing", _):
            guard timing.repeatEvery > 0, sinceTold >= Int(timing.repeatEvery) else { return nil }
            sinceTold = 0
            return "repeated"
        case ("recovering", "true"):
            go("firing")
            return nil
        case ("recovering", "false"):
            guard age >= Int(timing.keepFiringFor) else { return nil }
            go("resolved")
            return "resolved"
        default: return nil
        }
    }
}

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
        var model = Model()
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
