import Kernel

/// The members of an event's canonical row, found where they stand in its bytes. Verifying a log compares millions of rows with their columns,
/// and a tree for each would cost several times what the hashes do.
struct StoredRow {
    /// In the order of the canonical form.
    enum Name: Int {
        case actor, data, id, mode, occurredAt, personal, previousHash, request, sequence, subject, type, workspace
    }

    private static let names: [[UInt8]] = [
        "actor", "data", "id", "mode", "occurred_at", "personal", "prev_hash", "request_id", "seq", "subject", "type", "workspace_id",
    ].map { Array($0.utf8) }

    private let bytes: UnsafeBufferPointer<UInt8>
    /// By name; empty for a member that is not there.
    private var places = [Range<Int>](repeating: 0..<0, count: names.count)

    /// Nil for bytes that are no JSON object, or no canonical one: with white space, or with members out of order. Members of other names are
    /// passed over.
    init?(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        var scan = Scan(bytes: bytes)
        guard scan.take(UInt8(ascii: "{")) else { return nil }
        var next = 0
        repeat {
            guard let name = scan.string(), scan.take(UInt8(ascii: ":")), let value = scan.value() else { return nil }
            if let place = (next..<Self.names.count).first(where: { bytes[name].elementsEqual(Self.names[$0]) }) {
                places[place] = value
                next = place + 1
            }
        } while scan.take(UInt8(ascii: ","))
        guard scan.take(UInt8(ascii: "}")), scan.isAtEnd else { return nil }
    }

    /// The member as JSON; nil when it is not there.
    subscript(_ name: Name) -> JSON? {
        let place = places[name.rawValue]
        return place.isEmpty ? nil : try? JSONParser.parse(bytes[place])
    }

    /// Whether the member is this text. Most texts stand in the row as they are.
    func holds(_ name: Name, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let place = places[name.rawValue]
        if place.count == text.count + 2, bytes[place.lowerBound + 1..<place.upperBound - 1].elementsEqual(text) {
            return !hasEscapes(text)
        }
        return self[name]?.string.map { Array($0.utf8).elementsEqual(text) } ?? false
    }

    func holds(_ name: Name, _ text: String) -> Bool {
        var text = text
        return text.withUTF8 { holds(name, $0) }
    }

    private func hasEscapes(_ text: UnsafeBufferPointer<UInt8>) -> Bool { text.contains(UInt8(ascii: "\\")) }
}

private struct Scan {
    let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0

    init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { index == bytes.count }

    mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    /// The bytes between the quotes.
    mutating func string() -> Range<Int>? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        let start = index
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                index += 1
                return start..<index - 1
            case UInt8(ascii: "\\"): index += 2
            default: index += 1
            }
        }
        return nil
    }

    /// The bytes of a value with all that is in it.
    mutating func value() -> Range<Int>? {
        let start = index
        var depth = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                guard string() != nil else { return nil }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return start..<index }
                depth -= 1
            case UInt8(ascii: ",") where depth == 0: return start..<index
            default: break
            }
            index += 1
        }
        return nil
    }
}
