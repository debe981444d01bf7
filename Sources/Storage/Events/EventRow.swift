package import Kernel

/// A row of the log for whoever reads all of it: what its canonical form says is read there when it is asked for, and no text is made of what
/// nobody looks at.
package struct EventRow: Sendable {
    package let sequence: Int64
    package let type: String
    /// The project it belongs to, where it names one.
    package let project: ProjectID?
    package let occurredAt: Timestamp
    /// The row as it is hashed: RFC 8785 JSON.
    package let canonical: [UInt8]
    package let stored: StoredRow
    package let hash: [UInt8]

    static let columns = "sequence, type, project, occurred_at, canonical, hash"

    static func read(_ row: Row) throws -> EventRow {
        let sequence: Int64 = try row.get(0)
        let canonical: [UInt8] = try row.get(4)
        guard let stored = StoredRow(canonical) else { throw StorageError.corrupt("Event \(sequence) is not JSON.") }
        return try EventRow(
            sequence: sequence, type: row.get(1), project: row.get(2), occurredAt: row.get(3), canonical: canonical, stored: stored,
            hash: row.get(5))
    }
}
