import HTTPTypes
import Kernel
import Web

/// `GET /v1/ping`: the test endpoint of the quick start. Says who is asking, in which mode.
enum PingRoute {
    static var all: [Route] {
        [Route(.get, "/v1/ping", .authenticated, "Test a credential: who you are, in which mode", answers: [.ok(schema)], handler: ping)]
    }

    private static func ping(_ call: Call) async throws -> Answer {
        var json = JSONWriter()
        json.object { json in
            json.field("pong", true)
            json.field("workspace_id", call.caller.workspace)
            json.field("project_id", call.caller.credential.project)
            json.field("user_id", call.caller.user)
            json.field("mode", call.caller.mode.rawValue)
            json.object("credential") { json in
                json.field("id", call.caller.credential.id)
                json.field("kind", call.caller.credential.kind.rawValue)
            }
            json.array("scopes", call.caller.scopes.patterns)
            json.field("profile", call.caller.profile.rawValue)
            json.field("time", call.at)
            json.field("request_id", call.requestID)
        }
        return Answer(status: .ok, headers: .json, body: json.take())
    }

    private static let schema = Schema.named(
        "Ping",
        .object([
            .required("pong", .boolean()), .required("workspace_id", .id("wsp")), .required("project_id", Schema.id("proj").nullable),
            .required("user_id", Schema.id("usr").nullable), .required("mode", .choice(of: Mode.self)),
            .required(
                "credential",
                .object([
                    .required("id", .string(1...100)),
                    .required("kind", .choice(["project_key", "workspace_key", "token", "session", "oauth_token"])),
                ])),
            .required("scopes", .array(.string(1...100))), .required("profile", .choice(["cloudapi", "cloudplatform"])),
            .required("time", .timestamp()), .required("request_id", .id("req")),
        ]))
}
