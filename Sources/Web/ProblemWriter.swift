import HTTPTypes
package import Kernel

/// Turns a problem into an answer, for one request.
package struct ProblemWriter: Sendable {
    let requestID: RequestID
    let path: String

    package init(requestID: RequestID, path: String) {
        self.requestID = requestID
        self.path = path
    }

    package func answer(_ problem: Problem) -> Answer {
        var json = JSONWriter(capacity: 512)
        json.object { json in
            problem.writeMembers(to: &json)
            json.field("instance", path)
            json.field("request_id", requestID)
        }
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if let seconds = problem.retryAfter { headers[.retryAfter] = String(seconds) }
        for field in problem.headers {
            if let name = HTTPField.Name(field.name) { headers[name] = field.value }
        }
        return Answer(status: .init(code: problem.code.status), headers: headers, body: json.bytes)
    }

    /// The problem object as clients see it.
    package static let schema = Schema.named(
        "Problem",
        Schema(
            .object([
                .required("type", .string(1...200, .text, "The page of this problem.")),
                .required("title", .string(1...200)),
                .required("status", .integer(400...599)),
                .required("detail", .string(0...2000, .echo, "What happened this time.")),
                .required("code", .choice(Problem.Code.allCases.map(\.rawValue), "A closed list; decide by this.")),
                .required("retryable", .boolean("Whether the same request may succeed later.")),
                .optional("errors", .array(violation, 1...100, "Each place that is wrong, the first hundred of them.")),
                .required("instance", .string(0...200_000, .echo, "The path that was asked for.")),
                .required("request_id", .id("req")),
                .optional("required_scope", .string(1...100, .text, "The scope that is missing.")),
            ])))

    private static let violation = Schema.object([
        .required("pointer", .string(0...1000, .echo, "JSON pointer into the body, or ?name for a parameter.")),
        .required("code", .string(1...100)), .required("detail", .string(0...2000)),
    ])
}
