import Kernel

/// Times as bills write them: `2024-09-18 22:00:00` (UTC is meant), RFC 3339, and bare dates.
enum FocusTime {
    /// Nil for what is no such moment, such as `5/1/25` or an hour of 30.
    static func parse(_ text: String) -> Timestamp? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 10, bytes[4] == UInt8(ascii: "-") else { return nil }
        if bytes.count == 10 { return Timestamp(text + "T00:00:00Z") }
        var whole = bytes
        guard whole[10] == UInt8(ascii: " ") || whole[10] == UInt8(ascii: "T") else { return nil }
        whole[10] = UInt8(ascii: "T")
        if whole.count == 16 { whole += ":00Z".utf8 }
        guard whole.count >= 19 else { return nil }
        let rest = whole[19...]
        let hasZone = rest.contains(UInt8(ascii: "Z")) || rest.contains(UInt8(ascii: "+")) || rest.contains(UInt8(ascii: "-"))
        if !hasZone { whole.append(UInt8(ascii: "Z")) }
        return Timestamp(String(decoding: whole, as: UTF8.self))
    }
}
