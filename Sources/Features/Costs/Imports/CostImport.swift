package import Kernel
import Storage
package import Web

/// A bill on its way in, and what became of it.
package struct CostImport: Sendable {
    package enum Status: String, Sendable, CaseIterable {
        case queued
        case running
        case succeeded
        case failed
        /// Later bills restate all that it brought.
        case replaced
    }

    /// What it takes the place of.
    package enum Replacing: String, Sendable, CaseIterable {
        /// Every bill of the same provider, billing account and billing period.
        case period
        /// The earlier import of the same name: for periods that come in several files.
        case name
    }

    package let id: CostImportID
    package let name: String
    package internal(set) var status: Status
    package let replacing: Replacing
    package let skipsBadRows: Bool
    /// Bytes of the file as it came.
    package let bytes: Int
    package internal(set) var rows = 0
    package internal(set) var skippedRows = 0
    /// Rows of earlier imports that it took the place of.
    package internal(set) var replacedRows = 0
    package internal(set) var warnings: [JSON] = []
    package internal(set) var errors: [JSON] = []
    /// The bills it holds.
    package internal(set) var periods: [JSON] = []
    package let createdAt: Timestamp
    package internal(set) var finishedAt: Timestamp?

    package var isOver: Bool { status != .queued && status != .running }
}

extension CostImport {
    /// What stands in the log.
    var snapshot: JSON {
        [
            "id": JSON(id), "name": .string(name), "status": .string(status.rawValue), "replaces": .string(replacing.rawValue),
            "skip_bad_rows": .bool(skipsBadRows), "bytes": JSON(bytes), "rows": JSON(rows), "skipped_rows": JSON(skippedRows),
            "replaced_rows": JSON(replacedRows), "warnings": .array(warnings), "errors": .array(errors), "periods": .array(periods),
            "created_at": JSON(createdAt), "finished_at": JSON(finishedAt),
        ]
    }

    package static let schema = Schema.named("CostImport", snapshotSchema)

    static let snapshotSchema = Schema.object([
        .required("id", .id("imp")), .required("name", .string(0...200, .echo)), .required("status", .choice(of: Status.self)),
        .required("replaces", .choice(of: Replacing.self)), .required("skip_bad_rows", .boolean()),
        .required("bytes", .integer(0...Int64.max)), .required("rows", .integer(0...Int64.max, "Rows that were kept.")),
        .required("skipped_rows", .integer(0...Int64.max)), .required("replaced_rows", .integer(0...Int64.max)),
        .required(
            "warnings",
            .array(
                .object([
                    .required("code", .string(1...60)), .required("column", .string(1...200, .echo)),
                    .required("detail", .string(0...4000, .echo)), .required("count", .integer(0...Int64.max)),
                ]), 0...100)),
        .required("errors", .array(failureSchema, 0...100, "Why it failed, or the first of the rows that were skipped.")),
        .required(
            "periods",
            .array(
                .object([
                    .required("provider", .string(0...4000, .echo)), .required("billing_account_id", .string(0...4000, .echo)),
                    .required("billing_period_start", .timestamp()),
                ]), 0...1000, "The first thousand bills it holds.")),
        .required("created_at", .timestamp()), .required("finished_at", Schema.timestamp().nullable),
    ])

    private static let failureSchema = Schema.object([
        .required("line", .integer(0...Int64.max, "Where the row begins; the header is line 1, 0 is the file as a whole.")),
        .required("column", Schema.string(0...200, .echo).nullable), .required("detail", .string(0...4000, .echo)),
    ])
}

extension CostImport.Status: SQLConvertible {}
extension CostImport.Replacing: SQLConvertible {}

extension CostImport: JSONRepresentable {
    package func write(to json: inout JSONWriter) { snapshot.write(to: &json) }
}
