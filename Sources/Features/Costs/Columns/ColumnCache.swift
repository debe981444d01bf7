import Synchronization

/// Decoded columns, kept as long as there is room. A segment never changes, so nothing in it is ever stale.
package final class ColumnCache: Sendable {
    enum Column: Sendable {
        case text(TextColumn)
        case decimal(DecimalColumn)
        case time(TimeColumn)

        fileprivate var size: Int {
            switch self {
            case .text(let column): column.size
            case .decimal(let column): column.size
            case .time(let column): column.size
            }
        }
    }

    private struct Entry {
        let column: Column
        var used: UInt64
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var size = 0
        var clock: UInt64 = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    /// `limit` in bytes.
    package init(limit: Int = 192 << 20) { self.limit = limit }

    func find(_ name: String) -> Column? {
        state.withLock { state in
            state.clock += 1
            state.entries[name]?.used = state.clock
            return state.entries[name]?.column
        }
    }

    func keep(_ column: Column, as name: String) {
        state.withLock { state in
            state.clock += 1
            if let old = state.entries.updateValue(Entry(column: column, used: state.clock), forKey: name) {
                state.size -= old.column.size + 200
            }
            state.size += column.size + 200
            guard state.size > limit else { return }
            // A quarter at once, so that sorting is rare.
            for (name, entry) in state.entries.sorted(by: { $0.value.used < $1.value.used }) where state.size > limit / 4 * 3 {
                state.entries[name] = nil
                state.size -= entry.column.size + 200
            }
        }
    }
}
