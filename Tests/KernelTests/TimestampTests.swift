import Kernel
import Testing

@Suite struct `Times` {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-03-10T12:34:56Z", 1_773_146_096_000), ("2026-03-10T12:34:56.7Z", 1_773_146_096_700),
        ("2026-03-10T12:34:56.7899Z", 1_773_146_096_789), ("2026-03-10t12:34:56z", 1_773_146_096_000),
        ("2026-03-10 12:34:56Z", 1_773_146_096_000), ("2026-03-10T13:34:56+01:00", 1_773_146_096_000),
        ("2026-03-10T07:04:56-05:30", 1_773_146_096_000), ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ("2000-02-29T23:59:59Z", 951_868_799_000), ("2026-12-31T23:59:59.999Z", 1_798_761_599_999),
        ("9999-12-31T23:59:59Z", 253_402_300_799_000), ("2038-01-19T03:14:08Z", 2_147_483_648_000),
    ])
    func `are read from RFC 3339`(text: String, milliseconds: Int64) {
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-03-10", "2026-03-10T12:34:56", "2026-3-10T12:34:56Z", "2026-03-10T24:00:00Z", "2026-03-10T12:60:00Z",
        "2026-03-10T12:34:60Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-04-31T00:00:00Z", "2026-03-00T00:00:00Z", "2026-03-10T12:34:56.Z", "2026-03-10T12:34:56+0100",
        "2026-03-10T12:34:56+24:00", "2026-03-10T12:34:56Zz", " 2026-03-10T12:34:56Z", "1969-12-31T23:59:59Z", "-026-03-10T12:34:56Z",
        "2026-03-10T12:34:56Z\u{0}", "２０２６-03-10T12:34:56Z",
    ])
    func `are not read from anything else`(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func `that an offset leads out of the range are cut to it`() {
        #expect(Timestamp("1970-01-01T00:00:00+00:01") == .first)
        #expect(Timestamp("9999-12-31T23:59:59-00:01") == .last)
        #expect(Timestamp.last.description == "9999-12-31T23:59:59.999Z")
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (1, "1970-01-01T00:00:00.001Z"), (1_773_146_096_040, "2026-03-10T12:34:56.040Z"),
        (951_782_400_000, "2000-02-29T00:00:00Z"), (-1, "1969-12-31T23:59:59.999Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ])
    func `are written with three digits of a second, or none`(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test func `read back what they write, on every day of eight hundred years`() {
        var day = Timestamp(year: 1970, month: 1, day: 1)
        while day < Timestamp(year: 2770, month: 1, day: 1) {
            guard Timestamp(day.description) == day else {
                Issue.record("\(day)")
                return
            }
            day = day.adding(days: 1)
        }
    }

    @Test func `fall into spans counted from 1970, also before it`() {
        #expect(Timestamp("2026-03-10T12:34:56Z")?.floored(toSeconds: 300).description == "2026-03-10T12:30:00Z")
        #expect(Timestamp("2026-03-10T12:34:56.9Z")?.floored(toSeconds: 1).description == "2026-03-10T12:34:56Z")
        #expect(Timestamp(milliseconds: -1).floored(toSeconds: 60).seconds == -60)
        #expect(Timestamp(seconds: -60).floored(toSeconds: 60).seconds == -60)
    }

    @Test(arguments: [
        ("2026-03-10T12:34:56Z", "2026-03-01", "2026-04-01"), ("2026-12-31T23:59:59Z", "2026-12-01", "2027-01-01"),
        ("2024-02-29T00:00:00Z", "2024-02-01", "2024-03-01"), ("2026-01-01T00:00:00Z", "2026-01-01", "2026-02-01"),
    ])
    func `belong to a calendar month`(text: String, start: String, next: String) {
        let time = Timestamp(text)
        #expect(time?.startOfMonth.description == start + "T00:00:00Z")
        #expect(time?.startOfNextMonth.dateText == next)
    }
}
