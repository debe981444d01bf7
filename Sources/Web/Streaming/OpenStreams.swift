import Synchronization

/// Counts the streams that are open. They are no requests in flight: a stream may last for days and costs next to nothing meanwhile.
final class OpenStreams: Sendable {
    private struct Counts {
        var total = 0
        var byOwner: [String: Int] = [:]
    }

    /// A stream's place; given back when nothing holds it any more, also when the answer was never sent.
    final class Place: Sendable {
        private let streams: OpenStreams
        private let owner: String

        fileprivate init(_ streams: OpenStreams, owner: String) {
            self.streams = streams
            self.owner = owner
        }

        deinit { streams.give(back: owner) }
    }

    private let counts = Mutex(Counts())

    var total: Int { counts.withLock { $0.total } }

    /// Nil when all places are taken, or all that one credential may have.
    func take(for owner: String, limit: Int, each: Int) -> Place? {
        let isFree = counts.withLock { counts in
            guard counts.total < limit, counts.byOwner[owner, default: 0] < each else { return false }
            counts.total += 1
            counts.byOwner[owner, default: 0] += 1
            return true
        }
        return isFree ? Place(self, owner: owner) : nil
    }

    private func give(back owner: String) {
        counts.withLock { counts in
            counts.total -= 1
            let left = counts.byOwner[owner, default: 1] - 1
            counts.byOwner[owner] = left > 0 ? left : nil
        }
    }
}
