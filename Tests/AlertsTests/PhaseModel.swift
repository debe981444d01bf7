import Alerts
import Kernel

/// The table of the contract, written a second time: as a table, with everything counted in whole seconds from the start of each state.
struct PhaseModel {
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
