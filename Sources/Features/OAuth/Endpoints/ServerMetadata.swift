import Kernel
import Web

/// What a client has to know of the server (RFC 8414, 2; RFC 9207, 3).
struct ServerMetadata: JSONRepresentable, SchemaDescribed {
    let issuer: String

    private static let methods = ["client_secret_basic", "client_secret_post"]

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("issuer", issuer)
            json.field("authorization_endpoint", issuer + "/oauth/authorize")
            json.field("token_endpoint", issuer + "/oauth/token")
            json.field("revocation_endpoint", issuer + "/oauth/revoke")
            json.field("introspection_endpoint", issuer + "/oauth/introspect")
            json.array("scopes_supported", ["*"] + Scope.allCases.map(\.rawValue))
            json.array("response_types_supported", ["code"])
            json.array("response_modes_supported", ["query"])
            json.array("grant_types_supported", OAuthClient.GrantType.allCases.map(\.rawValue))
            json.array("token_endpoint_auth_methods_supported", Self.methods + ["none"])
            json.array("revocation_endpoint_auth_methods_supported", Self.methods + ["none"])
            json.array("introspection_endpoint_auth_methods_supported", Self.methods)
            json.array("code_challenge_methods_supported", ["S256"])
            json.field("authorization_response_iss_parameter_supported", true)
            json.field("service_documentation", issuer + "/docs/authentication")
        }
    }

    private static let words = Schema.array(.string(1...100))
    private static let address = Schema.string(1...600, .uri)

    static let schema = Schema.named(
        "OAuthServerMetadata",
        .object([
            .required("issuer", address), .required("authorization_endpoint", address), .required("token_endpoint", address),
            .required("revocation_endpoint", address), .required("introspection_endpoint", address), .required("scopes_supported", words),
            .required("response_types_supported", words), .required("response_modes_supported", words),
            .required("grant_types_supported", words), .required("token_endpoint_auth_methods_supported", words),
            .required("revocation_endpoint_auth_methods_supported", words),
            .required("introspection_endpoint_auth_methods_supported", words),
            .required("code_challenge_methods_supported", words), .required("authorization_response_iss_parameter_supported", .boolean()),
            .required("service_documentation", address),
        ]))
}
