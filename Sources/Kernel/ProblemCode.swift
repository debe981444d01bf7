extension Problem {
    /// The closed list of what can go wrong, as clients see it in `code`. Each has a page at `/docs/errors/{code}`.
    package enum Code: String, Sendable, CaseIterable {
        case invalidJSON = "invalid_json"
        case unknownField = "unknown_field"
        case invalidParameter = "invalid_parameter"
        case unknownParameter = "unknown_parameter"
        case invalidCursor = "invalid_cursor"
        case invalidHeader = "invalid_header"
        case conflictingCredentials = "conflicting_credentials"
        case malformedRequest = "malformed_request"
        case credentialMissing = "credential_missing"
        case credentialInvalid = "credential_invalid"
        case signInFailed = "sign_in_failed"
        case insufficientScope = "insufficient_scope"
        case sessionRequired = "session_required"
        case addressNotAllowed = "address_not_allowed"
        case forbidden = "forbidden"
        case notFound = "not_found"
        case methodNotAllowed = "method_not_allowed"
        case requestTimeout = "request_timeout"
        case nameTaken = "name_taken"
        case emailTaken = "email_taken"
        case conflict = "conflict"
        case lastAdmin = "last_admin"
        case projectArchived = "project_archived"
        case accountInUse = "account_in_use"
        case idempotencyInProgress = "idempotency_in_progress"
        case idempotencySealed = "idempotency_sealed"
        case preconditionFailed = "precondition_failed"
        case payloadTooLarge = "payload_too_large"
        case unsupportedMediaType = "unsupported_media_type"
        case validationFailed = "validation_failed"
        case idempotencyKeyReused = "idempotency_key_reused"
        case rateLimited = "rate_limited"
        case signInThrottled = "sign_in_throttled"
        case headersTooLarge = "headers_too_large"
        case internalError = "internal_error"
        case overloaded
        case shuttingDown = "shutting_down"
        case storeReadOnly = "store_read_only"
    }
}

extension Problem.Code {
    package var status: Int {
        switch self {
        case .invalidJSON, .unknownField, .invalidParameter, .unknownParameter, .invalidCursor, .invalidHeader, .conflictingCredentials,
            .malformedRequest:
            400
        case .credentialMissing, .credentialInvalid, .signInFailed: 401
        case .insufficientScope, .sessionRequired, .addressNotAllowed, .forbidden: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .requestTimeout: 408
        case .nameTaken, .emailTaken, .conflict, .lastAdmin, .projectArchived, .accountInUse, .idempotencyInProgress, .idempotencySealed:
            409
        case .preconditionFailed: 412
        case .payloadTooLarge: 413
        case .unsupportedMediaType: 415
        case .validationFailed, .idempotencyKeyReused: 422
        case .rateLimited, .signInThrottled: 429
        case .headersTooLarge: 431
        case .internalError: 500
        case .overloaded, .shuttingDown, .storeReadOnly: 503
        }
    }

    /// A short sentence, the same for every occurrence.
    package var title: String {
        switch self {
        case .invalidJSON: "The body is not valid JSON"
        case .unknownField: "The body has a field this call does not know"
        case .invalidParameter: "A query parameter has a value it cannot have"
        case .unknownParameter: "The query has a parameter this call does not know"
        case .invalidCursor: "The cursor is not one this list gave out"
        case .invalidHeader: "A header has a value it cannot have"
        case .conflictingCredentials: "The request carries two different credentials"
        case .malformedRequest: "The request is not valid HTTP"
        case .credentialMissing: "The request carries no credential"
        case .credentialInvalid: "The credential is not valid"
        case .signInFailed: "The e-mail and password do not match"
        case .insufficientScope: "The credential lacks a scope"
        case .sessionRequired: "This call needs a dashboard session"
        case .addressNotAllowed: "The credential may not be used from this address"
        case .forbidden: "The credential may not do this"
        case .notFound: "There is nothing here"
        case .methodNotAllowed: "This path does not answer that method"
        case .requestTimeout: "The request took too long to arrive"
        case .nameTaken: "The name is taken"
        case .emailTaken: "The e-mail address is taken"
        case .conflict: "The state of the object does not allow this"
        case .lastAdmin: "A workspace keeps at least one active admin"
        case .projectArchived: "The project is archived"
        case .accountInUse: "The account still has projects"
        case .idempotencyInProgress: "A request with this Idempotency-Key is still running"
        case .idempotencySealed: "The first answer held a secret and can be opened only by the credential that got it"
        case .preconditionFailed: "The object has changed"
        case .payloadTooLarge: "The body is too large"
        case .unsupportedMediaType: "The body has a content type this call does not read"
        case .validationFailed: "The request is understood but not valid"
        case .idempotencyKeyReused: "The Idempotency-Key was used with another body"
        case .rateLimited: "Too many requests"
        case .signInThrottled: "Too many attempts to sign in"
        case .headersTooLarge: "The headers are too large"
        case .internalError: "Something went wrong on our side"
        case .overloaded: "The server is busy"
        case .shuttingDown: "The server is stopping"
        case .storeReadOnly: "The store takes no writes at the moment"
        }
    }

    /// Whether the same request may succeed later without being changed.
    package var isRetryable: Bool {
        switch self {
        case .rateLimited, .signInThrottled, .internalError, .overloaded, .shuttingDown, .storeReadOnly, .requestTimeout,
            .idempotencyInProgress:
            true
        default: false
        }
    }

    /// What the caller can do about it; shown on the error's page.
    package var advice: String {
        switch self {
        case .invalidJSON:
            "Send one JSON value in UTF-8. Duplicate names, lone surrogates, NUL characters and nesting deeper than 64 are refused; `detail` names the byte."
        case .unknownField: "Remove the field, or check its spelling against the endpoint's page. `errors[].pointer` names it."
        case .invalidParameter: "Check the parameter against the endpoint's page. `errors[].pointer` names it."
        case .unknownParameter: "Remove the parameter, or check its spelling against the endpoint's page."
        case .invalidCursor: "Start the list again without `cursor`, and keep filters and sort the same from page to page."
        case .invalidHeader: "Correct the header that `detail` names."
        case .conflictingCredentials: "Send either `Authorization: Bearer …` or `x-api-key: …`."
        case .malformedRequest: "Check the client or proxy in between: what arrived could not be read as HTTP/1.1."
        case .credentialMissing: "Send `Authorization: Bearer <key>`. Make a key in the dashboard under Settings → API Keys."
        case .credentialInvalid:
            "The key is mistyped, expired, revoked or belongs to another server. Make a new one under Settings → API Keys."
        case .signInFailed: "Check both. An operator can set a new password with `cloudapi users reset-password`."
        case .insufficientScope: "Use a credential that has the scope named in `required_scope`, or make one."
        case .sessionRequired: "Sign in (`POST /v1/sessions`) and send the session token as bearer."
        case .addressNotAllowed: "Call from an address inside the key's `ip_ranges`, or change them."
        case .forbidden: "Ask an admin of the project or workspace."
        case .notFound: "Check the id and the mode of the key: test keys see test data only. What you may not see does not exist for you."
        case .methodNotAllowed: "Use one of the methods in the `Allow` header."
        case .requestTimeout: "Send the whole request faster, or in smaller pieces."
        case .nameTaken: "Choose another name."
        case .emailTaken: "Choose another address, or update the user who has it."
        case .conflict: "Read the object, then decide again."
        case .lastAdmin: "Make somebody else an admin first."
        case .projectArchived: "Restore the project first (`PATCH {\"status\":\"active\"}`)."
        case .accountInUse: "Move or archive its projects first."
        case .idempotencyInProgress: "Wait for `Retry-After` seconds and send the same request again."
        case .idempotencySealed:
            "Retry with the secret that made the first request; after a rotation, make the object anew under another key."
        case .preconditionFailed: "Read the object again, apply the change to what it is now, and send its new ETag in `If-Match`."
        case .payloadTooLarge: "Send a smaller body."
        case .unsupportedMediaType: "Send `Content-Type: application/json`."
        case .validationFailed: "Correct every entry of `errors`; each has a JSON pointer to the place."
        case .idempotencyKeyReused: "Use a new Idempotency-Key for a new request."
        case .rateLimited: "Wait for `Retry-After` seconds; the next request will then pass."
        case .signInThrottled: "Wait for `Retry-After` seconds."
        case .headersTooLarge: "Send fewer or shorter headers and a shorter URL."
        case .internalError: "Retry with back-off. If it stays, give the operator the `request_id`."
        case .overloaded: "Retry after `Retry-After` seconds with back-off."
        case .shuttingDown: "Retry after `Retry-After` seconds; another or the restarted server will answer."
        case .storeReadOnly: "Reads go on. The operator has to make room on the disk; writes then work again without a restart."
        }
    }
}
