package import Web

/// What is said in the log about the log.
package enum AuditEvents {
    private static let days = Schema.integer(1...36_500, "Null for no end.").nullable

    private static let digest = Schema.Field.required("manifest_sha256", .string(64...64, .text, "Of what was signed."))

    package static let types = [
        EventType(
            "compliance.reported", "A compliance report was made.",
            data: [
                .required("framework", .choice(["soc2"])), .required("from", .timestamp()), .required("to", .timestamp()), digest,
            ]),
        EventType(
            "compliance.attested", "Somebody signed a compliance report off.",
            data: [.required("decision", .choice(ComplianceReport.decisions)), digest]),
        EventType(
            "audit.read", "The audit log was read with this credential; said at most once a minute.",
            data: [
                .required("call", .string(1...200)), .required("filters", .array(.string(1...20), 0...20, "Which filters were used.")),
            ]),
        EventType(
            "audit.verified", "Every hash of the log was computed again.",
            data: [
                .required("verified", .boolean()), .required("events", .integer(0...Int64.max)),
                .required("to_seq", Schema.integer(0...Int64.max).nullable),
                .required("first_break_seq", Schema.integer(0...Int64.max).nullable),
            ]),
        EventType(
            "audit.checkpointed", "A signed checkpoint was made.",
            data: [.required("seq", .integer(0...Int64.max)), .required("hash", .string(64...64))]),
        EventType(
            "audit.retention_changed", "How long the log is kept changed.",
            data: [
                .required("before", .object([.required("days", days)])), .required("after", .object([.required("days", days)])),
            ]),
    ]
}
