import HTTPTypes
import Identity
import Kernel
import Storage
import Web

/// One request to `/oauth/token`.
struct TokenEndpoint: Sendable {
    let server: AuthorizationServer
    let call: OpenCall

    static let form = Schema.object([
        .required(
            "grant_type",
            Schema.string(1...100, .text, "`authorization_code`, `refresh_token` or `client_credentials`.").example("client_credentials")
        ),
        .optional("client_id", .id("ocl")), .optional("client_secret", .string(1...200, .text, "Unless it is sent by HTTP Basic.")),
        .optional(
            "scope", .string(1...5000, .text, "Parted by spaces; all there is to have when left out.").example("projects:read usage:read")),
        .optional("code", .string(1...200, .text, "With `authorization_code`.")),
        .optional("redirect_uri", .string(1...500, .text, "The one of the authorization request.")),
        .optional("code_verifier", .string(1...200, .text, "43 to 128 characters (RFC 7636).")),
        .optional("refresh_token", .string(1...200, .text, "With `refresh_token`.")),
    ])

    func answer() async throws -> Answer {
        let client = try await server.gate.client(of: call)
        guard let type = field("grant_type").flatMap(OAuthClient.GrantType.init) else {
            throw Problem(.unsupportedGrantType, "grant_type must be authorization_code, refresh_token or client_credentials.")
        }
        guard client.grantTypes.contains(type) else {
            throw Problem(.unauthorizedClient, "The client has no \(type.rawValue) among its grant types.")
        }
        switch type {
        case .clientCredentials: return try await issue(to: client)
        case .authorizationCode: return try await exchange(for: client)
        case .refreshToken: return try await refresh(for: client)
        }
    }

    private func field(_ name: String) -> String? { call.body?[name]?.string }

    private func required(_ name: String) throws -> String {
        guard let value = field(name) else { throw Problem(.invalidRequest, "\(name) is missing.") }
        return value
    }

    // MARK: client_credentials

    /// One look at the client and one row: nothing else, since a client may ask for thousands a second.
    private func issue(to client: OAuthClient) async throws -> Answer {
        guard let scopes = client.scopes(askedFor: field("scope")) else {
            throw Problem(.invalidScope, "The scope is unknown, or more than the client may have.")
        }
        let token = AccessToken(scopes, at: call.at, call.surroundings)
        try await call.store.write { connection in
            try token.insert(for: client, grant: nil, connection)
            try client.noteToken(token, by: call, connection)
        }
        return .unstored(token)
    }

    // MARK: authorization_code

    /// What a transaction came to: a refusal may leave something behind, a grant that is revoked, and is thrown when that is committed.
    private enum Outcome: Sendable {
        case answer(Answer)
        case refused(Problem)

        var unwrapped: Answer {
            get throws {
                switch self {
                case .answer(let answer): return answer
                case .refused(let problem): throw problem
                }
            }
        }
    }

    private func exchange(for client: OAuthClient) async throws -> Answer {
        let text = try required("code")
        let verifier = try required("code_verifier")
        return try await call.store.write(in: client.workspace) { connection -> Outcome in
            let by = call.attribution(client)
            guard let code = try AuthorizationCode.find(text, of: client, connection) else { return .refused(Self.unknown("code")) }
            let grant = try OAuthGrant.locked(code.grant, in: code.workspace, at: call.at, connection)
            guard code.usedAt == nil else {
                try grant?.revoke(reused: "code", by: by, connection)
                return .refused(Problem(.invalidGrant, "The code was used before; what it gave is revoked."))
            }
            if let complaint = code.complaint(redirect: field("redirect_uri"), verifier: verifier, at: call.at) {
                return .refused(Problem(.invalidGrant, complaint))
            }
            guard let grant, try UserRights.of(grant.person, in: grant.workspace, connection) != nil else {
                return .refused(Self.unknown("code"))
            }
            try code.use(at: call.at, connection)
            return .answer(.unstored(try tokens(of: grant, for: client, grant.scopes, as: .authorizationCode, by: by, connection)))
        }.unwrapped
    }

    private static func unknown(_ what: String) -> Problem {
        Problem(.invalidGrant, "The \(what) is unknown, expired, revoked, or another client's.")
    }

    // MARK: refresh_token

    private func refresh(for client: OAuthClient) async throws -> Answer {
        let text = try required("refresh_token")
        return try await call.store.write(in: client.workspace) { connection -> Outcome in
            let unknown = Outcome.refused(Self.unknown("refresh token"))
            guard let token = try RefreshToken.find(text, connection),
                let grant = try OAuthGrant.locked(token.grant, in: token.workspace, at: call.at, connection), grant.client == client.id
            else { return unknown }
            let by = call.attribution(client)
            if token.usedAt != nil {
                if let answer = token.repeated(text, at: call.at) { return .answer(.unstored(Written(bytes: answer))) }
                try grant.revoke(reused: "refresh_token", by: by, connection)
                return .refused(Problem(.invalidGrant, "The refresh token was used before; everything issued by this consent is revoked."))
            }
            guard token.expiresAt > call.at, try UserRights.of(grant.person, in: grant.workspace, connection) != nil else { return unknown }
            guard let scopes = grant.scopes(askedFor: field("scope")) else {
                return .refused(Problem(.invalidScope, "A refresh can ask for no scope beyond the first consent."))
            }
            let answer = Answer.unstored(try tokens(of: grant, for: client, scopes, as: .refreshToken, by: by, connection))
            try token.use(text, answer: answer.body, at: call.at, connection)
            return .answer(answer)
        }.unwrapped
    }

    private func tokens(
        of grant: OAuthGrant, for client: OAuthClient, _ scopes: ScopeSet, as type: OAuthClient.GrantType, by: Attribution,
        _ connection: Connection
    ) throws -> AccessToken {
        var token = AccessToken(scopes, at: call.at, call.surroundings)
        try token.insert(for: client, grant: grant.id, connection)
        var until = token.expiresAt
        if client.grantTypes.contains(.refreshToken) {
            token.refresh = try RefreshToken.issue(for: grant, at: call.at, call.surroundings, connection)
            until = call.at.adding(seconds: RefreshToken.lifetime)
        }
        try grant.extend(until: until, at: call.at, connection)
        grant.append("oauth_token.issued", [.init("grant_type", .string(type.rawValue))], by: by, connection)
        return token
    }

    /// JSON as it was written before.
    private struct Written: JSONRepresentable {
        let bytes: [UInt8]
        func write(to json: inout JSONWriter) { json.embed(bytes) }
    }
}

extension OAuthGrant {
    /// Those of a `scope` parameter, or all of the consent; nil for what is unknown, or beyond it.
    fileprivate func scopes(askedFor text: String?) -> ScopeSet? {
        guard let text else { return scopes }
        guard let asked = try? ScopeSet(parsing: text.listed), !asked.patterns.isEmpty, asked.isSubset(of: scopes) else { return nil }
        return asked
    }
}

extension OAuthClient {
    /// Once an hour, in the transaction of a token; what the read before said keeps all others from even trying.
    fileprivate func noteToken(_ token: AccessToken, by call: OpenCall, _ connection: Connection) throws {
        let anHourAgo = call.at.adding(seconds: -3600)
        guard lastTokenAt.map({ $0 <= anHourAgo }) ?? true else { return }
        let noted = try connection.execute(
            "UPDATE oauth_clients SET last_token_at = ? WHERE workspace = ? AND id = ? AND (last_token_at IS NULL OR last_token_at <= ?)",
            call.at, workspace, id, anHourAgo)
        guard noted == 1 else { return }
        let data: JSON = ["scopes": .array(token.scopes.patterns.map(JSON.string)), "project_id": JSON(project)]
        connection.append(EventDraft("oauth_client.active", subject: id.rawValue, data: data), by: call.attribution(self))
    }
}
