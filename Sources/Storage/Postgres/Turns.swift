import Kernel
import Synchronization

/// Who may write to a workspace now, in this process: first come, first served.
final class Turns: Sendable {
    /// Those who wait, by workspace; an entry stands for as long as somebody has the turn.
    private let waiting = Mutex<[Int64: [CheckedContinuation<Void, Never>]]>([:])

    /// What stands for a workspace among the database's advisory locks: FNV-1a of 64 bits. Two that share one wait for each other, no more.
    static func key(_ workspace: WorkspaceID) -> Int64 {
        Int64(bitPattern: workspace.rawValue.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
    }

    func take(_ key: Int64) async {
        await withCheckedContinuation { continuation in
            let isFree = waiting.withLock { waiting in
                if waiting[key] == nil {
                    waiting[key] = []
                    return true
                }
                waiting[key]?.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func giveBack(_ key: Int64) {
        let next = waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
            guard waiting[key]?.isEmpty == false else {
                waiting[key] = nil
                return nil
            }
            return waiting[key]?.removeFirst()
        }
        next?.resume()
    }
}
