package import Kernel

/// The members of an event's canonical row, found where they stand in its bytes. Verifying a log compares millions of rows with their columns,
/// and a tree for each would cost several times what the hashes do.
package struct StoredRow: Sendable {
    /// In the order of the canonical form.
    package enum Name: Int, Sendable {
        case actor, data, id, mode, occurredAt, personal, previousHash, request, sequence, subject, type, workspace
    }

    private static let names: [StaticString] = [
        "\"actor\"", "\"data\"", "\"id\"", "\"mode\"", "\"occurred_at\"", "\"personal\"", "\"prev_hash\"", "\"request_id\"", "\"seq\"",
        "\"subject\"", "\"type\"", "\"workspace_id\"",
    ]

    private let bytes: [UInt8]
    /// By name; empty for a member that is not there.
    private var places: InlineArray<12, Range<Int>> = .init(repeating: 0..<0)

    /// Nil for bytes that are no JSON object, or no canonical one: with white space, or with members out of order. Members of other names are
    /// passed over.
    package init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        guard let places = bytes.withUnsafeBufferPointer(Self.places) else { return nil }
        self.places = places
    }

    private static func places(_ bytes: UnsafeBufferPointer<UInt8>) -> InlineArray<12, Range<Int>>? {
        var places = InlineArray<12, Range<Int>>(repeating: 0..<0)
        var scan = JSONScan(bytes, 0..<bytes.count)
        guard scan.take(UInt8(ascii: "{")) else { return nil }
        var next = 0
        repeat {
            guard let name = scan.string(), scan.take(UInt8(ascii: ":")), let value = scan.value() else { return nil }
            let found = UnsafeBufferPointer(rebasing: bytes[name])
            if let place = (next..<names.count).first(where: { found.holds(names[$0]) }) {
                places[place] = value
                next = place + 1
            }
        } while scan.take(UInt8(ascii: ","))
        guard scan.take(UInt8(ascii: "}")), scan.isAtEnd else { return nil }
        return places
    }

    /// Nil when the member is not there.
    package subscript(_ name: Name) -> CompactJSON? {
        let place = places[name.rawValue]
        return place.isEmpty ? nil : CompactJSON(bytes, at: place)
    }

    /// Whether the member is this text.
    package func holds(_ name: Name, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        CompactJSON.says(text, in: bytes, at: places[name.rawValue])
    }

    /// Whether the member is these bytes, in lower-case hexadecimal.
    package func holds(_ name: Name, hexadecimal bytes: [UInt8]) -> Bool {
        EventLog.withHexadecimal(bytes) { holds(name, $0) }
    }

    /// Whether the member is this moment.
    package func holds(_ name: Name, _ moment: Timestamp) -> Bool {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { buffer in
            let length = moment.write(to: buffer)
            return holds(name, UnsafeBufferPointer(rebasing: buffer[..<length]))
        }
    }

    package func holds(_ name: Name, _ text: String) -> Bool {
        var text = text
        return text.withUTF8 { holds(name, $0) }
    }
}
