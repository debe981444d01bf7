/// A map from pairs of byte strings to numbers: open addressing over one arena, so that a look-up makes nothing and frees nothing.
/// Two keys are the same when their bytes are; the hash only says where to look, and is seeded, so that nobody can aim at one slot.
struct ByteTable: Sendable {
    private struct Entry {
        let hash: UInt64
        let start: Int
        let first: Int32
        let second: Int32
        let value: UInt64

        @inline(__always)
        func isFor(
            _ one: UnsafeBufferPointer<UInt8>, _ other: UnsafeBufferPointer<UInt8>, _ arena: UnsafeBufferPointer<UInt8>
        ) -> Bool {
            Int(first) == one.count && Int(second) == other.count && isSame(arena, start, one) && isSame(arena, start + one.count, other)
        }
    }

    private var arena: [UInt8] = []
    private var entries: [Entry] = []
    /// Number of the entry plus one; 0 is free. Always a power of two, at most half full.
    private var slots: [UInt32]
    private let seed: UInt64

    init(seed: UInt64) {
        self.seed = seed | 1
        slots = Array(repeating: 0, count: 64)
    }

    var count: Int { entries.count }
    var bytes: Int { arena.count + entries.count * 48 }

    func find(_ first: UnsafeBufferPointer<UInt8>, _ second: UnsafeBufferPointer<UInt8>) -> UInt64? {
        var guess = Int.max
        return find(first, second, guess: &guess)
    }

    /// The entry with the number `guess` is looked at before any other, and `guess` becomes the number after the one found: who asks in
    /// the order in which keys came in needs neither hash nor slot.
    func find(_ first: UnsafeBufferPointer<UInt8>, _ second: UnsafeBufferPointer<UInt8>, guess: inout Int) -> UInt64? {
        if guess < entries.count {
            let entry = entries[guess]
            if arena.withUnsafeBufferPointer({ entry.isFor(first, second, $0) }) {
                guess += 1
                return entry.value
            }
        }
        guard let number = number(of: first, second) else { return nil }
        guess = number + 1
        return entries[number].value
    }

    private func number(of first: UnsafeBufferPointer<UInt8>, _ second: UnsafeBufferPointer<UInt8>) -> Int? {
        let hash = hash(first, second)
        let mask = slots.count - 1
        return slots.withUnsafeBufferPointer { slots in
            entries.withUnsafeBufferPointer { entries in
                arena.withUnsafeBufferPointer { arena in
                    var slot = Int(truncatingIfNeeded: hash) & mask
                    while slots[slot] != 0 {
                        let number = Int(slots[slot] - 1)
                        if entries[number].hash == hash, entries[number].isFor(first, second, arena) { return number }
                        slot = (slot + 1) & mask
                    }
                    return nil
                }
            }
        }
    }

    /// The key must not be there yet.
    mutating func insert(_ first: UnsafeBufferPointer<UInt8>, _ second: UnsafeBufferPointer<UInt8>, _ value: UInt64) {
        if (entries.count + 1) * 2 > slots.count { grow() }
        let entry = Entry(
            hash: hash(first, second), start: arena.count, first: Int32(first.count), second: Int32(second.count), value: value)
        arena.append(contentsOf: first)
        arena.append(contentsOf: second)
        entries.append(entry)
        place(entry, number: entries.count)
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        for (index, entry) in entries.enumerated() { place(entry, number: index + 1) }
    }

    private mutating func place(_ entry: Entry, number: Int) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: entry.hash) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt32(number)
    }

    private func hash(_ first: UnsafeBufferPointer<UInt8>, _ second: UnsafeBufferPointer<UInt8>) -> UInt64 {
        Self.mix(second, Self.mix(first, seed) ^ UInt64(first.count))
    }

    /// Eight bytes at a time through a 128-bit product, folded (the idea of wyhash).
    @inline(__always)
    private static func mix(_ key: UnsafeBufferPointer<UInt8>, _ start: UInt64) -> UInt64 {
        var state = start ^ UInt64(key.count)
        guard let base = key.baseAddress else { return state }
        var place = 0
        while place + 8 <= key.count {
            state = fold(state ^ UnsafeRawPointer(base + place).loadUnaligned(as: UInt64.self))
            place += 8
        }
        var rest: UInt64 = 0
        while place < key.count {
            rest = rest << 8 | UInt64(base[place])
            place += 1
        }
        return fold(state ^ rest)
    }

    @inline(__always)
    private static func fold(_ value: UInt64) -> UInt64 {
        let product = (value ^ 0x2D35_8DCC_AA6C_78A5).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }
}

@inline(__always)
private func isSame(_ arena: UnsafeBufferPointer<UInt8>, _ start: Int, _ key: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let one = arena.baseAddress, let other = key.baseAddress else { return key.isEmpty }
    var place = 0
    while place + 8 <= key.count {
        let a = UnsafeRawPointer(one + start + place).loadUnaligned(as: UInt64.self)
        let b = UnsafeRawPointer(other + place).loadUnaligned(as: UInt64.self)
        if a != b { return false }
        place += 8
    }
    while place < key.count {
        if one[start + place] != other[place] { return false }
        place += 1
    }
    return true
}
