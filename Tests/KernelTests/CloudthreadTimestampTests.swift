import Kernel
import Testing

@Suite struct `A moment as Cloudthread's clients send it` {
    @Test(
        arguments: [
            "2022-10-01 00:00:00", "20221001000000", "2022-10-01", "20221001", 1_664_582_400, "1664582400", "1664582400000",
            1_664_582_400_000, "2022-10-01T05:30:00+05:30", "2022-10-01T00:00Z", "2022-10-01 00:00", "2022-09-30t20:00:00-04:00",
            "2022-10-01T00:00:00.000Z", 20_221_001, 20_221_001_000_000,
        ] as [JSON])
    func `is the same hour in every form`(sent: JSON) throws {
        #expect(try CloudthreadTimestamp.hour(sent).description == "2022-10-01T00:00:00Z")
    }

    @Test(
        arguments: [
            1_234_567_890, "2022-10-01 00:30:00", "2022100113", "2022-10-01T00:00:00.0001Z", "2022-10-01T00:00:00+05:30", "20221001000001",
            1_664_582_400_001,
        ] as [JSON])
    func `must stand on the hour, in UTC`(sent: JSON) {
        #expect(throws: CloudthreadTimestamp.Failure.offTheHour) { try CloudthreadTimestamp.hour(sent) }
    }

    @Test(
        arguments: [
            "202210011300", "", nil, true, -1_664_582_400, .double(1.5), "2022-13-01", "2022-02-29", "20220229", "2022-10-01T24:00:00Z",
            "2022-10-01T00:00:00.Z", "2022-10-01T00:00:00 Z", "2022-10-01T", "2022-10-1", "1969-12-31", "1970-01-01T00:00+01:00", "soon",
            " 20221001", "20221001T000000", 16_645_824_000,
        ] as [JSON])
    func `in no form is none`(sent: JSON) {
        #expect(throws: CloudthreadTimestamp.Failure.unreadable) { try CloudthreadTimestamp.hour(sent) }
    }
}
