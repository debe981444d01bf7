/// When a transaction has taken in enough writes.
///
/// Those who share a commit are answered at once, and a moment later they write again. If a transaction took in everyone, nobody would be served
/// while it runs and nothing be written while they are: with 64 writers on two cores that was a seventh of all admissions. With half of them in
/// each, one half is served while the other is written. A commit that takes long compared with what it commits is worth sharing by more.
struct WritePace {
    /// Who was answered by the last commit or waited for the next.
    private var writers = 0
    /// What a commit takes, of late.
    private var commit = Duration.milliseconds(1)

    /// How many times longer than its commit a transaction runs at least, while others wait.
    private static let share = 4

    private func hasHalf(_ count: Int) -> Bool { count * 2 >= writers }

    func isEnough(_ count: Int, after ran: Duration) -> Bool { count > 0 && hasHalf(count) && ran >= commit * Self.share }

    /// Whether to wait for more when nobody waits: as long as the second commit would take. A lone writer is never kept waiting.
    func isWorthWaiting(_ count: Int, after waited: Duration) -> Bool { !hasHalf(count) && waited < commit }

    mutating func adjust(_ count: Int, waiting: Int, commit took: Duration) {
        writers = count + waiting
        commit = (commit * 3 + took) / 4
    }
}
