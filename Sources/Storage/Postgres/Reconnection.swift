/// When a server that could not be reached is tried again: after 100 ms, then twice as long each time, up to 5 s. So threads do not pile up
/// in connection attempts that take as long as the network lets them, and a server that comes back is found within seconds.
struct Reconnection: Sendable {
    static let first = Duration.milliseconds(100)
    static let longest = Duration.seconds(5)

    private var pause = Duration.zero
    private var until: ContinuousClock.Instant?

    /// How many milliseconds it is not tried yet; nil when the caller may try.
    mutating func refuses(at now: ContinuousClock.Instant) -> Int64? {
        guard let until, now < until else {
            // Those who come while the caller tries are refused for as long again.
            if self.until != nil { self.until = now + pause }
            return nil
        }
        let left = (until - now).components
        return left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
    }

    mutating func failed(at now: ContinuousClock.Instant) {
        pause = pause == .zero ? Self.first : min(pause * 2, Self.longest)
        until = now + pause
    }

    mutating func succeeded() { self = Reconnection() }
}
