import Foundation

/// A part of the segments, for readers that run beside each other: every `count`th of them from `number` on.
struct ScanShare: Sendable {
    let number: Int
    let count: Int

    /// All of them.
    static let whole = ScanShare(number: 0, count: 1)

    /// One for each core, of which some are left to others.
    static let all: [ScanShare] = {
        let count = min(4, ProcessInfo.processInfo.activeProcessorCount)
        return (0..<count).map { ScanShare(number: $0, count: count) }
    }()

    func of<Element>(_ elements: [Element]) -> [Element] { stride(from: number, to: elements.count, by: count).map { elements[$0] } }
}
