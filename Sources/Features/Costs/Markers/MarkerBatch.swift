import Kernel
import Web

/// The body of the call that makes markers, and how it is read.
enum MarkerBatch {
    private static let limit = 10_000

    static let schema = Schema.object([
        .required(
            "data",
            .array(
                .object([
                    .required(
                        "timestamp",
                        Schema.string(
                            1...64, .echo,
                            "A full hour: `2022-10-01 13:00:00`, RFC 3339, `yyyyMMddHHmmss`, a date, or seconds or milliseconds since 1970. UTC without a zone."
                        ).example("2022-10-01 13:00:00").orInteger),
                    .optional("team_id", Schema.string(1...255, .echo, "Left out for everybody.").orInteger.nullable),
                    .required(
                        "payload",
                        .object([
                            .required("type", Schema.string(1...255, .echo).example("deploy")),
                            .optional("description", Schema.string(0...1000, .echo).nullable),
                            .optional("decscription", Schema.string(0...1000, .echo, "Another spelling of `description`.").nullable),
                            .optional("event_url", Schema.string(0...2048, .echo).nullable),
                        ])),
                ]), 0...limit))
    ])

    /// Throws `validation_failed`, naming every entry whose time is none, or is off the hour, or whose type is blank.
    static func read(_ body: JSON?) throws -> [MarkerDraft] {
        var drafts: [MarkerDraft] = []
        var violations: [Problem.Violation] = []
        for (index, entry) in (body?["data"]?.array ?? []).enumerated() {
            let payload = entry["payload"]
            let type = trimmed(payload?["type"]?.string ?? "")
            if type.isEmpty { violations.append(.init(pointer: "/data/\(index)/payload/type", code: "blank", detail: "must not be blank")) }
            do throws(CloudthreadTimestamp.Failure) {
                let hour = try CloudthreadTimestamp.hour(entry["timestamp"] ?? .null)
                drafts.append(
                    MarkerDraft(
                        hour: hour, type: type, team: entry["team_id"]?.text,
                        description: (payload?["description"] ?? payload?["decscription"])?.string, eventURL: payload?["event_url"]?.string)
                )
            } catch {
                violations.append(.init(pointer: "/data/\(index)/timestamp", code: error.code, detail: error.detail))
            }
        }
        if let first = violations.first { throw Problem(.validationFailed, at: violations, first: first) }
        return drafts
    }

    private static func trimmed(_ text: String) -> String {
        let isSpace = { (scalar: Unicode.Scalar) in scalar.properties.isWhitespace }
        let tail = text.unicodeScalars.drop(while: isSpace)
        return String(String.UnicodeScalarView(tail.reversed().drop(while: isSpace).reversed()))
    }
}

extension CloudthreadTimestamp.Failure {
    fileprivate var code: String {
        switch self {
        case .unreadable: "no_time"
        case .offTheHour: "off_hour"
        }
    }
}
