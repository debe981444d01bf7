import Kernel
import Resources
import Server
import TestKit
import Testing

@Suite struct `Looking after resources` {
    /// A server may lose the background work and take it over again, as often as its database is cut off.
    @Test func `rests between two looks, also when it begins for the second time`() async throws {
        try await Installation.run { cloud in
            for _ in 0..<3 {
                let before = cloud.clock.sleeps
                let life = Task { try await cloud.parts.synchronizer.run() }
                defer { life.cancel() }
                while cloud.clock.sleepers == 0 { await Task.yield() }
                // A loop that does not rest goes round some hundreds of times meanwhile.
                for _ in 0..<5000 { await Task.yield() }
                try #require(cloud.clock.sleeps - before < 20)
                life.cancel()
                try await life.value
                while cloud.clock.sleepers > 0 { await Task.yield() }
            }
        }
    }
}
