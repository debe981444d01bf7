extension Problem {
    /// The closed list of what can go wrong, as clients see it in `code`. Each has a page at `/docs/errors/{code}`.
    package enum Code: String, Sendable, CaseIterable {
        case invalidJSON = "invalid_json"
        case unknownField = "unknown_field"
        case invalidRequest = "invalid_request"
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
        case budgetExceeded = "budget_exceeded"
        case quotaExceeded = "quota_exceeded"
        case inUse = "in_use"
        case invalidState = "invalid_state"
        case notDeleted = "not_deleted"
        case alreadyAttached = "already_attached"
        case cidrOverlap = "cidr_overlap"
        case purged = "purged"
        case cursorExpired = "cursor_expired"
        case immutableField = "immutable_field"
        case unsupportedByProvider = "unsupported_by_provider"
        case invalidReference = "invalid_reference"
        case providerRequired = "provider_required"
        case deletionProtected = "deletion_protected"
        case projectFrozen = "project_frozen"
        case queueFull = "queue_full"
        case leaseHeld = "lease_held"
        case planStale = "plan_stale"
        case dataLossNotConfirmed = "data_loss_not_confirmed"
        case policyDenied = "policy_denied"
        case providerUnreachable = "provider_unreachable"
        case invalidClient = "invalid_client"
        case invalidGrant = "invalid_grant"
        case unauthorizedClient = "unauthorized_client"
        case unsupportedGrantType = "unsupported_grant_type"
        case invalidScope = "invalid_scope"
        case overloaded
        case shuttingDown = "shutting_down"
        case storeReadOnly = "store_read_only"
    }
}

extension Problem.Code {
    package var status: Int {
        switch self {
        case .invalidJSON, .unknownField, .invalidRequest, .invalidParameter,
            .unknownParameter, .invalidCursor, .invalidHeader, .conflictingCredentials,
            .malformedRequest, .invalidGrant, .unauthorizedClient, .unsupportedGrantType, .invalidScope:
            400
        case .credentialMissing, .credentialInvalid, .signInFailed, .invalidClient: 401
        case .insufficientScope, .sessionRequired, .addressNotAllowed, .forbidden, .policyDenied: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .requestTimeout: 408
        case .nameTaken, .emailTaken, .conflict, .lastAdmin, .projectArchived, .accountInUse, .idempotencyInProgress, .idempotencySealed,
            .quotaExceeded, .inUse, .invalidState, .notDeleted, .alreadyAttached, .cidrOverlap, .planStale:
            409
        case .purged, .cursorExpired: 410
        case .budgetExceeded: 402
        case .preconditionFailed: 412
        case .payloadTooLarge: 413
        case .unsupportedMediaType: 415
        case .validationFailed, .idempotencyKeyReused, .immutableField, .unsupportedByProvider, .invalidReference, .providerRequired,
            .dataLossNotConfirmed:
            422
        case .deletionProtected, .projectFrozen, .queueFull, .leaseHeld: 423
        case .rateLimited, .signInThrottled: 429
        case .headersTooLarge: 431
        case .internalError: 500
        case .overloaded, .shuttingDown, .storeReadOnly, .providerUnreachable: 503
        }
    }

    /// A short sentence, the same for every occurrence.
    package var title: String {
        switch self {
        case .invalidJSON: "The body is not valid JSON"
        case .invalidRequest: "The request is well-formed and not acceptable"
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
        case .budgetExceeded: "The budget does not allow this"
        case .quotaExceeded: "The quota does not allow this"
        case .inUse: "Something else needs this"
        case .invalidState: "The state of the resource does not allow this"
        case .notDeleted: "The resource is not deleted"
        case .alreadyAttached: "It is attached already"
        case .cidrOverlap: "The range overlaps another network's"
        case .purged: "The resource is gone for good"
        case .cursorExpired: "The log does not reach back that far"
        case .immutableField: "The field cannot be changed"
        case .unsupportedByProvider: "The provider cannot do this"
        case .invalidReference: "The request names something that is not there"
        case .providerRequired: "The request must say which provider"
        case .deletionProtected: "The resource is protected from deletion"
        case .projectFrozen: "The project is frozen"
        case .queueFull: "Too many operations wait for this resource"
        case .leaseHeld: "Somebody else has leased the resource"
        case .planStale: "The plan is not one for what is there now"
        case .dataLossNotConfirmed: "The plan would destroy data"
        case .policyDenied: "A policy does not allow this"
        case .providerUnreachable: "The provider does not answer"
        case .invalidClient: "The OAuth client could not prove itself"
        case .invalidGrant: "The code or refresh token is not valid"
        case .unauthorizedClient: "The OAuth client may not do this"
        case .unsupportedGrantType: "The grant type is not one of ours"
        case .invalidScope: "The scope is unknown, or more than there is to give"
        case .overloaded: "The server is busy"
        case .shuttingDown: "The server is stopping"
        case .storeReadOnly: "The store takes no writes at the moment"
        }
    }

    /// Whether the same request may succeed later without being changed.
    package var isRetryable: Bool {
        switch self {
        case .rateLimited, .signInThrottled, .internalError, .overloaded, .shuttingDown, .storeReadOnly, .requestTimeout,
            .idempotencyInProgress, .queueFull, .leaseHeld, .providerUnreachable:
            true
        default: false
        }
    }

    /// What the caller can do about it; shown on the error's page.
    package var advice: String {
        switch self {
        case .invalidJSON:
            "Send one JSON value in UTF-8. Duplicate names, lone surrogates, NUL characters and nesting deeper than 64 are refused; `detail` names the byte."
        case .invalidRequest: "`errors[].pointer` names each place in the body and says what is wrong with it."
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
        case .budgetExceeded:
            "`remaining` is what the budget has left and `fits` the largest size that would still fit. Raise the budget (`/v1/budgets`), stop something, or ask for less."
        case .quotaExceeded:
            "`limit`, `used` and `requested` say by how much. Raise the quota (`/v1/quotas`), delete something, or ask for less."
        case .inUse: "Remove what `dependents` lists first, or detach it."
        case .invalidState: "Read the resource, wait for its running operation, or bring it into a state that allows the call."
        case .notDeleted: "Only a deleted resource that is still retained can be undeleted."
        case .alreadyAttached: "Detach it first."
        case .cidrOverlap: "Choose a range that the networks of this connection do not use, or leave `cidr` out."
        case .purged: "Its name is free again: make a new one. Its history stays in the log."
        case .cursorExpired:
            "What was between `after` and `oldest_seq` is not kept any more. Read the present state of what you follow, then go on from `oldest_seq`."
        case .immutableField: "Make a new resource with the wanted value and delete this one."
        case .unsupportedByProvider: "`capability` names what is missing; `GET /v1/connections/{id}` lists what the provider can do."
        case .invalidReference:
            "Check the id or name that `errors[].pointer` points at: same project, same mode, same provider, not deleted."
        case .providerRequired:
            "Send `provider` with the id or name of one of the project's connections (`GET /v1/connections`), or make one."
        case .deletionProtected: "Set `deletion_protection` to false first."
        case .projectFrozen:
            "An alert froze the project: things in it can be stopped and deleted, and nothing made or started. See why with `GET /v1/alerts`, and take it back with `POST /v1/alerts/{id}/undo`."
        case .queueFull: "Wait until some of its operations have ended."
        case .leaseHeld:
            "Retry after `Retry-After` seconds; the lease ends at `lease_expires_at` unless its holder renews it. The holder sends its nonce in `Lease-Nonce`; an admin of the project can end it (`DELETE …/lease?force=true`)."
        case .planStale:
            "Make a new plan (`POST /v1/plans`) and look at it again: something it touches has changed, it was used, or its hour is over."
        case .dataLossNotConfirmed: "`errors` lists what would be lost. Send `\"confirm_data_loss\": true` if that is meant."
        case .policyDenied:
            "`policy_id` names the policy (`GET /v1/policies/{id}`), and `policy_results` says what is wrong and how to mend it; a plan that waits for an approval has `approval`."
        case .providerUnreachable: "Retry after `Retry-After` seconds; `POST /v1/connections/{id}/verify` says what is wrong."
        case .invalidClient:
            "Send `client_id` and `client_secret` by HTTP Basic or in the form, one of the two; a public client sends its `client_id` alone."
        case .invalidGrant:
            "A code works once, for a minute, with the `redirect_uri` and the `code_verifier` of its request; a refresh token works once. Begin again at `/oauth/authorize`."
        case .unauthorizedClient: "Add the grant type to the client's `grant_types` (`PATCH /v1/oauth/clients/{id}`)."
        case .unsupportedGrantType: "Use `authorization_code`, `refresh_token` or `client_credentials`."
        case .invalidScope:
            "Ask for scopes the client has (`GET /v1/oauth/clients/{id}`), parted by spaces; a refresh for none beyond the first."
        case .overloaded: "Retry after `Retry-After` seconds with back-off."
        case .shuttingDown: "Retry after `Retry-After` seconds; another or the restarted server will answer."
        case .storeReadOnly: "Reads go on. The operator has to make room on the disk; writes then work again without a restart."
        }
    }
}
