package import Kernel

/// The erasable half of an event: names and values of what identifies a person, each with the salt of its digest.
struct PersonalFields {
    struct Field {
        let salt: [UInt8]
        let value: String
    }

    private let fields: [(name: String, field: Field)]

    init(_ values: [String: String], surroundings: Surroundings) {
        fields = values.sorted { $0.key < $1.key }.map { ($0.key, Field(salt: surroundings.randomBytes(16), value: $0.value)) }
    }

    /// What enters the hash: name → hexadecimal SHA-256 of salt and value.
    var digests: JSON {
        .object(fields.map { JSON.Member($0.name, .string(EventLog.hexadecimal(Self.digest($0.field)))) })
    }

    /// What stands in the column that erasure empties; nil when the event names nobody.
    var stored: [UInt8]? {
        guard !fields.isEmpty else { return nil }
        let object = JSON.object(
            fields.map { JSON.Member($0.name, ["salt": .string(EventLog.hexadecimal($0.field.salt)), "value": .string($0.field.value)]) })
        return object.canonicalBytes
    }

    /// SHA-256 of salt and value.
    static func digest(_ field: Field) -> [UInt8] { EventLog.digest(of: field.salt + Array(field.value.utf8)) }

    /// Reads the column back. Throws `.corrupt` when it is not what `stored` wrote.
    static func read(_ stored: [UInt8]?) throws(StorageError) -> [(name: String, field: Field)] {
        guard let stored else { return [] }
        guard let members = CompactJSON(stored).members else { throw .corrupt("The personal fields of an event are not JSON.") }
        var fields: [(name: String, field: Field)] = []
        for member in members {
            guard let salt = member.value["salt"]?.string.flatMap(EventLog.bytes(hexadecimal:)), let value = member.value["value"]?.string
            else {
                throw .corrupt("A personal field of an event has no salt or value.")
            }
            fields.append((member.name, Field(salt: salt, value: value)))
        }
        return fields
    }
}

extension EventLog {
    /// Nil for text that is not pairs of hexadecimal digits.
    package static func bytes(hexadecimal text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { text in
            guard text.count % 2 == 0 else { return nil }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(text.count / 2)
            for index in stride(from: 0, to: text.count, by: 2) {
                guard let high = digit(text[index]), let low = digit(text[index + 1]) else { return nil }
                bytes.append(high << 4 | low)
            }
            return bytes
        }
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        let small = character | 0x20
        if character &- 48 < 10 { return character &- 48 }
        return small &- 97 < 6 ? small &- 87 : nil
    }

    /// Forgets who a person was: empties the personal fields of every event they did or that is about them, those appended in this
    /// transaction included. The chain still verifies.
    package static func erasePersonalFields(of person: String, in workspace: WorkspaceID, _ connection: Connection) throws -> Int {
        for (index, event) in connection.pendingEvents.enumerated()
        where event.attribution.tenant.workspace == workspace && [event.draft.subject, event.attribution.actor.id].contains(person) {
            connection.pendingEvents[index].isAnonymous = true
        }
        return try connection.execute(
            "UPDATE events SET personal = NULL WHERE workspace = ? AND personal IS NOT NULL AND (subject = ? OR actor = ?)", workspace,
            person, person)
    }
}
