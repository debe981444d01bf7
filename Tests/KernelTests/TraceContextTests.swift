import Kernel
import Testing

@Suite struct `A trace context` {
    private static let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func `is read from traceparent and handed on with a part of its own`() throws {
        let trace = try #require(TraceContext(traceparent: Self.good))
        #expect(trace.traceID == "4bf92f3577b34da6a3ce929d0e0e4736" && trace.spanID == "00f067aa0ba902b7" && trace.flags == 1)
        #expect(trace.traceparent == Self.good)
        #expect(trace.child(0xABC).traceparent == "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000abd-01")
        #expect(TraceContext(traceparent: TraceContext.root((0, 0, 0)).traceparent) != nil)
    }

    /// §3.2.2.3 of W3C Trace Context: what is invalid starts a new trace; a later version may say more behind what is known.
    @Test(arguments: [
        "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
    ]) func `is not read from what is none`(text: String) {
        #expect(TraceContext(traceparent: text) == nil)
    }

    @Test func `is read from a later version`() {
        #expect(TraceContext(traceparent: "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more") != nil)
    }
}
