import Kernel
import Testing

@Suite struct `Ids` {
    @Test func `say what they name`() {
        #expect(make(ProjectKind.self).rawValue.hasPrefix("proj_"))
        #expect(make(KeyKind.self).rawValue.hasPrefix("key_"))
        #expect(make(EventKind.self).description.count == "evt_".count + 26)
    }

    @Test func `sort by the moment they were made, to the millisecond`() {
        let moments: [Int64] = [0, 1, 31, 32, 1023, 1024, 1_700_000_000_000, 1_700_000_000_001, 253_402_300_799_999]
        let ids = moments.map { moment in
            ProjectID.make(at: Timestamp(milliseconds: moment), random: (moment.isMultiple(of: 2) ? .max : 0, .max))
        }
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == moments.count)
    }

    @Test func `of one millisecond differ by 80 random bits`() {
        let one = ProjectID.make(at: Timestamp(seconds: 1), random: (0, 1))
        let other = ProjectID.make(at: Timestamp(seconds: 1), random: (0, 2))
        let wide = ProjectID.make(at: Timestamp(seconds: 1), random: (1 << 39, 0))
        #expect(Set([one, other, wide]).count == 3)
        #expect(one.rawValue.dropLast(16) == wide.rawValue.dropLast(16))
    }

    @Test func `are written in the look-alike-free alphabet of Crockford`() {
        var bits = SystemRandomNumberGenerator()
        for _ in 0..<100 {
            let id = RequestID.make(at: Timestamp(seconds: 1_773_146_096), random: (bits.next(), bits.next()))
            #expect(id.rawValue.dropFirst(4).allSatisfy { "0123456789abcdefghjkmnpqrstvwxyz".contains($0) })
        }
    }

    private func make<Kind: IDKind>(_: Kind.Type) -> ID<Kind> { .make(at: Timestamp(seconds: 1_773_146_096), random: (1, 2)) }
}
