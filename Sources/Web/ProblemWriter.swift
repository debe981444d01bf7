import HTTPTypes
package import Kernel

/// Turns a problem into an answer, for one request.
package struct ProblemWriter: Sendable {
    let requestID: RequestID
    let path: String
    let surface: Surface

    package init(requestID: RequestID, path: String, surface: Surface = .platform) {
        self.requestID = requestID
        self.path = path
        self.surface = surface
    }

    package func answer(_ problem: Problem) -> Answer {
        let problem = surface.worded(problem)
        var json = JSONWriter(capacity: 512)
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if surface == .oauth {
            problem.writeAsOAuth(to: &json)
            headers = [.contentType: "application/json", .cacheControl: "no-store", .pragma: "no-cache"]
        } else {
            json.object { json in
                problem.writeMembers(to: &json)
                json.field("instance", path)
                json.field("request_id", requestID)
            }
        }
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
            .object(
                [
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
                ] + details)))

    /// What single codes say beyond the text.
    private static let details: [Schema.Field] = [
        .optional("phase", .string(1...20, .text, "What the resource is in (`invalid_state`).")),
        .optional("power", .string(1...20, .text, "Of the instance (`invalid_state`).")),
        .optional("state", .string(1...20, .text, "Of the operation (`invalid_state`).")),
        .optional("operation_id", .id("op", "What has to be resolved first (`invalid_state`).")),
        .optional("instance_id", .id("inst", "What holds the volume (`already_attached`, `invalid_state`).")),
        .optional("policy_id", .string(1...100, .text, "The policy that forbids it (`policy_denied`).")),
        .optional("policy_results", .array(Schema(.any), 1...1000, "What policies say against it, and how to mend it (`policy_denied`).")),
        .optional("approval", Schema(.any, "Why the plan has to be approved, and who has (`policy_denied`).")),
        .optional("existing_id", .string(1...100, .text, "What has the name (`name_taken`).")),
        .optional("conflicting_id", .id("net", "The network it overlaps (`cidr_overlap`).")),
        .optional("lease_holder", .string(0...200, .text, "Who has leased it (`lease_held`).")),
        .optional("lease_expires_at", .timestamp("When the lease ends unless it is renewed (`lease_held`).")),
        .optional("dependents", .array(Schema(.any), 1...100, "What needs it, the first hundred (`in_use`).")),
        .optional("capability", .string(1...100, .text, "What the provider cannot do (`unsupported_by_provider`).")),
        .optional("allowed", .array(.string(1...100, .echo), 0...1000, "The connections there are, by name (`provider_required`).")),
        .optional("refusals", .array(Schema(.any), 0...100, "What each place says, the first hundred, where `placement` found none.")),
        .optional("minimum", .integer(0...Int64.max, "The least that is possible (`validation_failed`).")),
        .optional("sku", .string(1...200, .echo, "What has no price (`validation_failed`).")),
        .optional("metric", .string(1...100, .text, "The quota that is full (`quota_exceeded`).")),
        .optional("limit", .integer(0...Int64.max, "Of the quota.")), .optional("used", .integer(0...Int64.max, "Of the quota.")),
        .optional("requested", .integer(0...Int64.max, "Of the quota.")),
        .optional("scope", Schema(.map(.string(1...100, .echo)), "Whose quota it is, by `account_id` or `project_id`.")),
        .optional("budget_id", .id("bud", "The budget that is spent (`budget_exceeded`).")),
        .optional("remaining", .string(1...60, .text, "Of the budget.")), .optional("estimate", .string(1...60, .text, "Of the request.")),
        .optional("currency", .string(3...3, .text, "Of the budget.")),
        .optional("fits", Schema.string(1...100, .text, "The largest size that the budget still allows.").nullable),
        .optional("column", .integer(0...Int64.max, "Where the rule of an alert stops making sense (`validation_failed`).")),
        .optional("metrics", .array(.string(1...100, .text), 0...100, "What the rule of an alert may name (`validation_failed`).")),
        .optional(
            "group_keys", .array(.string(1...100, .text), 0...10, "What the alert can be grouped by, with its rule (`validation_failed`).")),
        .optional("oldest_seq", .integer(0...Int64.max, "The first that is still kept (`cursor_expired`).")),
    ]

    private static let violation = Schema.object([
        .required("pointer", .string(0...1000, .echo, "JSON pointer into the body, or ?name for a parameter.")),
        .required("code", .string(1...100)), .required("detail", .string(0...2000, .echo)),
    ])
}
