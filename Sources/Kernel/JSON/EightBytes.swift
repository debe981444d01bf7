/// Eight bytes of text, looked at together. Every method answers a word in which the lowest bit that is set stands in the first byte that is
/// meant; zero when there is none (Warren, Hacker's Delight, 6-1).
struct EightBytes {
    private let word: UInt64

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    @inline(__always)
    init(at start: UnsafePointer<UInt8>) {
        word = UInt64(littleEndian: UnsafeRawPointer(start).loadUnaligned(as: UInt64.self))
    }

    @inline(__always)
    func store(to place: UnsafeMutablePointer<UInt8>) {
        UnsafeMutableRawPointer(place).storeBytes(of: word.littleEndian, as: UInt64.self)
    }

    @inline(__always)
    func equal(to byte: UInt8) -> UInt64 {
        let difference = word ^ (Self.ones &* UInt64(byte))
        return (difference &- Self.ones) & ~difference & Self.tops
    }

    /// `byte` is at most 128.
    @inline(__always)
    func below(_ byte: UInt8) -> UInt64 { (word &- Self.ones &* UInt64(byte)) & ~word & Self.tops }

    /// In which of the eight the first bit of a found word stands.
    @inline(__always)
    static func place(of found: UInt64) -> Int { found.trailingZeroBitCount / 8 }
}
