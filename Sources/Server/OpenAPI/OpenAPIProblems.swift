import Kernel
import Web

/// The parts of the document that every call shares.
enum OpenAPIProblems {
    static func name(_ status: Int) -> String { "Problem\(status)" }

    /// One response per status, with the codes it can carry.
    static var responses: [JSON.Member] {
        Dictionary(grouping: Problem.Code.allCases, by: \.status).sorted { $0.key < $1.key }.map { status, codes in
            var headers: [JSON.Member] = [.init("X-Request-Id", ["$ref": "#/components/headers/X-Request-Id"])]
            if [423, 429, 503].contains(status) { headers.append(.init("Retry-After", ["$ref": "#/components/headers/Retry-After"])) }
            if status == 401 { headers.append(.init("WWW-Authenticate", ["$ref": "#/components/headers/WWW-Authenticate"])) }
            return .init(
                name(status),
                [
                    "description": .string(codes.map { "`\($0.rawValue)`: \($0.title)." }.sorted().joined(separator: " ")),
                    "headers": .object(headers),
                    "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
                ])
        }
    }

    /// What an OAuth endpoint answers with one status.
    static func oauthResponse(_ codes: [Problem.Code]) -> JSON {
        [
            "description": .string(codes.map { "\($0.title)." }.sorted().joined(separator: " ")),
            "headers": ["X-Request-Id": ["$ref": "#/components/headers/X-Request-Id"]],
            "content": ["application/json": ["schema": ["$ref": "#/components/schemas/OAuthError"]]],
        ]
    }

    static let parameters: JSON = [
        "IdempotencyKey": [
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description":
                "1 to 255 visible characters, bare or in quotes. A retry with the same key and body gets the first answer again, for 72 hours.",
            "schema": [
                "type": "string",
                "pattern": "^(\"[\\x20-\\x7E]{1,255}\"|[\\x21-\\x7E]([\\x20-\\x7E]{0,253}[\\x21-\\x7E])?)$",
                "examples": ["8e03978e-40d5-43e8-bc93-6894a57f9324"],
            ],
        ],
        "IfMatch": [
            "name": "If-Match", "in": "header", "required": false, "description": "The ETag the change is based on; another one is a 412.",
            "schema": [
                "type": "string",
                "pattern":
                    "^(\\*|(W/)?\"[\\x21\\x23-\\x7E]*\"([ \\t]*,[ \\t]*(W/)?\"[\\x21\\x23-\\x7E]*\")*)$",
                "examples": ["\"v1\""],
            ],
        ],
        "LeaseNonce": [
            "name": "Lease-Nonce", "in": "header", "required": false,
            "description": "The nonce of the lease that the caller holds on what it changes; of several leases, parted by commas.",
            "schema": ["type": "string", "pattern": .string(LeaseNonce.pattern)],
        ],
    ]

    static let headers: JSON = [
        "X-Request-Id": ["description": "Names this request in logs and in the event log.", "schema": ["type": "string"]],
        "Retry-After": ["description": "Seconds until a retry makes sense.", "schema": ["type": "integer", "minimum": 0]],
        "WWW-Authenticate": ["description": "How to authenticate.", "schema": ["type": "string"]],
        "ETag": ["description": "The version of the object's writable fields.", "schema": ["type": "string"]],
        "Location": ["description": "Where the new object is.", "schema": ["type": "string"]],
        "Idempotent-Replayed": ["description": "`true` when the answer is a kept one.", "schema": ["type": "string", "enum": ["true"]]],
        "RateLimit": [
            "description": "What is left of the rate limit (draft-ietf-httpapi-ratelimit-headers).", "schema": ["type": "string"],
        ],
        "X-RateLimit-Remaining": ["description": "Requests left in the window.", "schema": ["type": "integer", "minimum": 0]],
    ]

    static func answerHeaders(for route: Route) -> JSON {
        var names = ["X-Request-Id"]
        if route.access.isAuthenticated { names += ["RateLimit", "X-RateLimit-Remaining"] }
        if route.isWrite, route.access.isAuthenticated { names.append("Idempotent-Replayed") }
        return .object(names.map { .init($0, ["$ref": .string("#/components/headers/\($0)")]) })
    }
}
