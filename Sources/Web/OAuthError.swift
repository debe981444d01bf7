import Kernel

/// Problems in the form that OAuth's endpoints answer them in (RFC 6749, 5.2).
extension Problem {
    /// `error`: the code itself where OAuth has it; what else can happen to any call under the nearest of its words (RFC 6749, 4.1.2.1).
    var oauthError: String {
        switch code {
        case .invalidClient, .invalidGrant, .unauthorizedClient, .unsupportedGrantType, .invalidScope: code.rawValue
        case _ where code.status == 500: "server_error"
        case _ where code.isRetryable: "temporarily_unavailable"
        default: "invalid_request"
        }
    }

    func writeAsOAuth(to json: inout JSONWriter) {
        json.object { json in
            json.field("error", oauthError)
            json.field("error_description", detail.oauthDescription)
        }
    }
}

extension String {
    /// `error_description` has visible ASCII, spaces included, without quotes and backslashes.
    package var oauthDescription: String {
        String(unicodeScalars.map { (" "..."~").contains($0) && $0 != "\"" && $0 != "\\" ? Character($0) : $0 == "\"" ? "'" : "?" })
    }
}

extension ProblemWriter {
    /// An error of an OAuth endpoint as clients see it.
    package static let oauthSchema = Schema.named(
        "OAuthError",
        .object([
            .required(
                "error",
                .choice([
                    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
                    "temporarily_unavailable", "server_error",
                ])), .required("error_description", .string(0...2000, .text, "For a person.")),
        ]))

    /// What an error looks like on a surface.
    package static func schema(on surface: Surface) -> Schema { surface == .oauth ? oauthSchema : schema }
}
