/// Where a piece of work stands in somebody's distributed trace (W3C Trace Context, level 1): read from `traceparent`, handed on in it.
///
/// It labels and decides nothing, so it alone may travel unseen: `current` is what the request at hand came with, for logs and for what is
/// sent to others meanwhile. What is written down gets it by value.
package struct TraceContext: Sendable, Equatable {
    /// 32 lower-case hexadecimal digits, not all zero.
    package let traceID: String
    /// 16 of them.
    package let spanID: String
    package let flags: UInt8

    @TaskLocal package static var current: TraceContext?

    package init(traceID: String, spanID: String, flags: UInt8) {
        self.traceID = traceID
        self.spanID = spanID
        self.flags = flags
    }

    /// Nil for what is none: then there is no trace to go on with (§3.2.2).
    package init?(traceparent text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].utf8.count == 2, Self.isHexadecimal(parts[0]), parts[0] != "ff",
            parts[0] != "00" || parts.count == 4,
            parts[1].utf8.count == 32, Self.isHexadecimal(parts[1]), parts[1].contains(where: { $0 != "0" }),
            parts[2].utf8.count == 16, Self.isHexadecimal(parts[2]), parts[2].contains(where: { $0 != "0" }),
            parts[3].utf8.count == 2, Self.isHexadecimal(parts[3]), let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        self.init(traceID: String(parts[1]), spanID: String(parts[2]), flags: flags)
    }

    /// A trace that begins here.
    package static func root(_ random: (UInt64, UInt64, UInt64)) -> TraceContext {
        TraceContext(traceID: hexadecimal(random.0) + hexadecimal(random.1 | 1), spanID: hexadecimal(random.2 | 1), flags: 1)
    }

    /// A part of the same trace.
    package func child(_ random: UInt64) -> TraceContext {
        TraceContext(traceID: traceID, spanID: Self.hexadecimal(random | 1), flags: flags)
    }

    package var traceparent: String { "00-\(traceID)-\(spanID)-\(flags < 16 ? "0" : "")\(String(flags, radix: 16))" }

    private static func isHexadecimal(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
