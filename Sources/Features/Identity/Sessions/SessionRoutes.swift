import HTTPTypes
import Kernel
package import Web

package struct SessionRoutes: Sendable {
    private let signIn: SignIn

    package init(signIn: SignIn) { self.signIn = signIn }

    package var all: [Route] {
        [
            Route(
                open: .post, "/v1/sessions", "Sign in",
                details: "Answers a session token that works as a bearer for twelve hours, with the rights of the user.",
                body: .required(
                    .object([
                        .required("email", .string(3...254, .email).example("ada@example.com")),
                        .required("password", .string(1...200).example("correct horse battery")),
                        .optional("workspace_id", .id("wsp", "For an address that is known in several workspaces.")),
                    ])), answers: [.created(Session.Fresh.schema)], problems: [.signInFailed, .signInThrottled], handler: begin),
            Route(
                .get, "/v1/sessions", .session, "List one's own sessions", query: ListEnvelope.parameters(sort: ["created_at"]),
                answers: [.list(of: Session.schema)], handler: list),
            Route(.delete, "/v1/sessions/{id}", .session, "Sign out", answers: [.noContent()], handler: end),
        ]
    }

    private func begin(_ call: OpenCall) async throws -> Answer {
        let fresh = try await signIn.begin(
            email: call.body?["email"]?.string ?? "", password: call.body?["password"]?.string ?? "",
            workspace: call.body?["workspace_id"]?.string.map { WorkspaceID($0) }, address: call.address, request: call.requestID,
            store: call.store,
            surroundings: call.surroundings)
        return .json(.created, fresh)
    }

    private func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        let user = call.caller.user ?? UserID("")
        return call.answer(try await call.read { try Session.list(of: user, in: call.caller.workspace, at: call.at, request, $0) })
    }

    private func end(_ call: Call) async throws -> Answer {
        let user = call.caller.user ?? UserID("")
        return try await call.commit { connection in
            try Session.end(call.id(), of: user, by: call.attribution, connection)
            return .noContent
        }
    }
}
