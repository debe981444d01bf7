import Kernel
import Resources
import Server

extension Installation {
    /// Looks at everything that providers have, due or not, and moves the clock as far as the looks take.
    package func sync() async throws {
        try await moving { try await parts.synchronizer.lookAtEverything() }
    }

    /// Looks at what is due, and at what somebody asked for.
    package func lookDue() async throws {
        _ = try await moving { try await parts.synchronizer.runDue() }
    }

    /// Does the discoveries that wait.
    package func discover() async throws { try await moving { try await parts.synchronizer.discover() } }

    /// Looks at what is due now, again and again while the clock is moved on by so many seconds, a step at a time.
    package func watch(seconds: Int64, step: Int64 = 1) async throws {
        var left = seconds
        while left > 0 {
            clock.advance(seconds: step)
            left -= step
            try await lookDue()
        }
    }
}
