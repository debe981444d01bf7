import Testing

@testable import Storage

struct WritePaceTests {
    /// After a commit of 40 writes that took as long as those before, while 24 waited.
    private var pace: WritePace {
        var pace = WritePace()
        for _ in 0..<10 { pace.adjust(40, waiting: 24, commit: .milliseconds(2)) }
        return pace
    }

    @Test func `a transaction has enough with half of the writers, once it has run four times as long as a commit`() {
        #expect(!pace.isEnough(31, after: .seconds(1)))
        #expect(!pace.isEnough(32, after: .milliseconds(7)))
        #expect(pace.isEnough(32, after: .milliseconds(9)))
    }

    @Test func `with fewer it waits for more, no longer than a commit takes`() {
        #expect(pace.isWorthWaiting(31, after: .milliseconds(1)))
        #expect(!pace.isWorthWaiting(31, after: .milliseconds(3)))
        #expect(!pace.isWorthWaiting(32, after: .zero))
    }

    @Test func `a lone writer is never kept waiting, and never refused`() {
        var pace = WritePace()
        #expect(!pace.isEnough(0, after: .seconds(1)) && !pace.isWorthWaiting(1, after: .zero))
        pace.adjust(1, waiting: 0, commit: .milliseconds(2))
        #expect(!pace.isEnough(0, after: .seconds(1)) && !pace.isWorthWaiting(1, after: .zero))
    }

    @Test func `a commit that takes long is shared by more`() {
        var slow = pace
        for _ in 0..<10 { slow.adjust(40, waiting: 24, commit: .milliseconds(20)) }
        #expect(!slow.isEnough(32, after: .milliseconds(50)))
    }
}
