/// The `d` of a path.
struct PathData: Sendable {
    private var bytes: [UInt8] = []

    var text: String { String(decoding: bytes, as: UTF8.self) }

    mutating func close() { bytes.append(UInt8(ascii: "z")) }

    /// A command and its coordinate.
    mutating func add(_ command: Unicode.Scalar, _ coordinate: Double) {
        bytes.append(UInt8(ascii: command))
        coordinate.draw(into: &bytes)
    }

    /// A command and the point it leads to.
    mutating func add(_ command: Unicode.Scalar, _ x: Double, _ y: Double) {
        add(command, x)
        bytes.append(UInt8(ascii: " "))
        y.draw(into: &bytes)
    }
}

extension Double {
    /// A coordinate: to a tenth, without `.0`.
    var drawn: String {
        var bytes: [UInt8] = []
        draw(into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    fileprivate func draw(into bytes: inout [UInt8]) {
        // Far off the paper is off the paper; what is no number, too.
        guard magnitude < 1e9 else { return bytes.append(contentsOf: (self < 0 ? "-1000000" : "1000000").utf8) }
        let tenths = Int((self * 10).rounded())
        if tenths < 0 { bytes.append(UInt8(ascii: "-")) }
        let whole = tenths.magnitude / 10
        var unit: UInt = 1
        while unit <= whole / 10 { unit *= 10 }
        while unit > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(whole / unit % 10))
            unit /= 10
        }
        let rest = UInt8(tenths.magnitude % 10)
        if rest > 0 {
            bytes.append(UInt8(ascii: "."))
            bytes.append(UInt8(ascii: "0") + rest)
        }
    }
}
