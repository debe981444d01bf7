package import Kernel

/// Whose conventions a call keeps.
///
/// Two of the documented APIs agree on almost everything and live under `/v1`. Cloudthread's has no version, ignores what it does not know,
/// and answers every mistake in a request with 400; its calls stand at the root. What differs is decided here and nowhere else: a handler
/// throws the same problems on both.
package enum Surface: Sendable {
    case platform
    case cloudthread
    /// The endpoints of OAuth 2.0, whose requests are forms and whose errors have a form of their own (RFC 6749, 5.2).
    case oauth

    /// Whether members and parameters nobody asked for are let through.
    var ignoresUnknown: Bool { self != .platform }

    /// 10 MB.
    package static let cloudthreadBodyLimit = 10_000_000

    /// The base paths its calls are served under.
    package var mounts: [Mount] {
        switch self {
        case .platform: [.bare, .cloudapi, .cloudplatform]
        case .cloudthread: [.bare, .api, .cloudthread, .cloudthreadAPI]
        case .oauth: [.bare]
        }
    }

    /// The problem as this surface words it. Cloudthread's has 400 for every mistake in a request, and one answer for every credential that
    /// is not good, so that nothing can be learned from it.
    package func worded(_ problem: Problem) -> Problem {
        if self == .platform { return problem }
        var worded = problem
        if self == .oauth {
            if [.validationFailed, .unsupportedMediaType, .invalidHeader].contains(problem.code) { worded.code = .invalidRequest }
            return worded
        }
        switch problem.code {
        case .validationFailed, .immutableField, .invalidReference: worded.code = .invalidRequest
        case .credentialMissing, .credentialInvalid:
            worded = Problem(
                .credentialInvalid, "The credential is missing, unknown, expired or revoked.", headers: [("WWW-Authenticate", "Bearer")])
        default: break
        }
        return worded
    }
}

/// How a path can be reached: bare, or under a base path that says which document the client was written for.
package enum Mount: String, Sendable, CaseIterable {
    case bare = ""
    case cloudapi = "/cloudapi"
    case cloudplatform = "/cloudplatform"
    case api = "/api"
    case cloudthread = "/cloudthread"
    case cloudthreadAPI = "/cloudthread/api"

    var profile: Caller.Profile? {
        switch self {
        case .cloudapi: .cloudapi
        case .cloudplatform: .cloudplatform
        case .bare, .api, .cloudthread, .cloudthreadAPI: nil
        }
    }

    /// How many parts of a path it takes.
    var depth: Int { rawValue.count { $0 == "/" } }
}
