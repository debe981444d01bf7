import Kernel

/// How long to wait before the next attempt.
enum Backoff {
    /// After trouble: full jitter over 1 s doubled each time, at most 60 s, never less than a tenth of a second; what the provider asks for wins.
    static func afterTrouble(attempt: Int, asked: Duration?, random: UInt64) -> Duration {
        if let asked { return asked }
        let most = UInt64(1000) << UInt64(min(attempt, 6))
        return .milliseconds(max(100, Int64(random % min(most, 60_000))))
    }

    /// Between two looks at something that is on its way: a twentieth of a second doubled each time, at most 5 s.
    static func look(attempt: Int) -> Duration { .milliseconds(min(5000, Int64(50) << Int64(min(attempt, 7)))) }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
