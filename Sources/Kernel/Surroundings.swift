import Foundation
import Synchronization

/// Everything a part of the server takes from outside itself: the time, randomness and waiting.
///
/// Handed in at the start, so that a test stops the clock and nothing sleeps.
package struct Surroundings: Sendable {
    /// The wall clock.
    package var now: @Sendable () -> Timestamp
    /// Cryptographically strong random bits.
    package var random: @Sendable () -> UInt64
    /// Waits until the duration has passed or the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void

    package init(
        now: @escaping @Sendable () -> Timestamp, random: @escaping @Sendable () -> UInt64,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.random = random
        self.sleep = sleep
    }

    /// The machine's own clock and generator.
    package static let real = Surroundings(
        now: {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
        },
        random: { [bits = RandomBits()] in bits.next() },
        sleep: { try await Task.sleep(for: $0) }
    )

    package func makeID<Kind: IDKind>(_: Kind.Type = Kind.self) -> ID<Kind> {
        .make(at: now(), random: (random(), random()))
    }

    package func randomBytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            withUnsafeBytes(of: random()) { bytes.append(contentsOf: $0) }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}

/// The kernel's random bits, fetched for 32 uses at once: to ask for each was a fortieth of a request. What was used is forgotten.
private final class RandomBits: Sendable {
    private let fetched = Mutex<(bits: InlineArray<32, UInt64>, left: Int)>((.init(repeating: 0), 0))

    func next() -> UInt64 {
        fetched.withLock { fetched in
            if fetched.left == 0 {
                var bits = fetched.bits
                withUnsafeMutableBytes(of: &bits) { arc4random_buf($0.baseAddress!, $0.count) }  // it has 256 bytes
                fetched = (bits, 32)
            }
            fetched.left -= 1
            defer { fetched.bits[fetched.left] = 0 }
            return fetched.bits[fetched.left]
        }
    }
}
