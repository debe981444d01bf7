import HTTPTypes
import Kernel
import Storage
import Web

extension AuthorizationServer {
    /// RFC 7009. A token that is unknown, or of another workspace, is gone already; one of another client of this workspace is refused.
    func revoke(_ call: OpenCall) async throws -> Answer {
        let client = try await gate.client(of: call)
        let text = call.body?["token"]?.string ?? ""
        try await call.store.write(in: client.workspace) { connection in
            switch Secret.prefix(of: text) {
            case .oauthToken: try revokeAccess(text, of: client, call, connection)
            case .oauthRefresh: try revokeRefresh(text, of: client, call, connection)
            default: break
            }
        }
        return Answer(status: .ok, headers: [.cacheControl: "no-store"], body: [])
    }

    private func revokeAccess(_ text: String, of client: OAuthClient, _ call: OpenCall, _ connection: Connection) throws {
        let digest = StoredSecret.digest(of: text)
        guard let token = try IssuedToken.find(digest, at: call.at, connection), token.workspace == client.workspace else { return }
        try require(token.clientID, client)
        let grant = try token.grant.flatMap { try OAuthGrant.alive($0, in: token.workspace, at: call.at, connection) }
        try connection.execute("DELETE FROM oauth_tokens WHERE digest = ?", digest)
        let data: JSON = ["client_id": JSON(client.id), "user_id": JSON(grant?.person), "project_id": JSON(client.project)]
        connection.append(
            EventDraft("oauth_token.revoked", subject: grant?.id.rawValue ?? client.id.rawValue, data: data), by: call.attribution(client))
    }

    private func revokeRefresh(_ text: String, of client: OAuthClient, _ call: OpenCall, _ connection: Connection) throws {
        guard let token = try RefreshToken.find(text, connection), token.workspace == client.workspace,
            let grant = try OAuthGrant.locked(token.grant, in: token.workspace, at: call.at, connection)
        else { return }
        try require(grant.client, client)
        try grant.revoke(.client, by: call.attribution(client), connection)
    }

    private func require(_ owner: OAuthClientID, _ client: OAuthClient) throws {
        guard owner == client.id else { throw Problem(.invalidGrant, "The token was issued to another client.") }
    }
}
