import Synchronization

/// Wakes a loop: anybody rings, one loop at a time hears. Many rings while it is busy are one to it, and those that nobody hears are lost, so
/// a loop looks at everything when it begins.
package final class Bell: Sendable {
    private let rope = Mutex<AsyncStream<Void>.Continuation?>(nil)

    package init() {}

    package func ring() { rope.withLock { $0 }?.yield() }

    /// The strokes from now on. Who asked before hears no more.
    package func strokes() -> AsyncStream<Void> {
        let (strokes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        rope.withLock { $0 = continuation }
        return strokes
    }
}
