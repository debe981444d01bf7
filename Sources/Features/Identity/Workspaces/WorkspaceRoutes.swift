import HTTPTypes
import Kernel
package import Web

package enum WorkspaceRoutes {
    package static var all: [Route] {
        [
            Route(
                .get, "/v1/workspace", .scope(.settingsRead), "The workspace of the credential", answers: [.ok(Workspace.schema)],
                handler: { call in
                    let workspace = try await call.read { try Workspace.find(call.caller.workspace, $0) }
                    return .json(.ok, workspace).with(etag: workspace.etag)
                }),
            Route(
                .patch, "/v1/workspace", .scope(.settingsWrite), "Rename the workspace",
                body: .required(.object([.required("name", .name())])), answers: [.ok(Workspace.schema)],
                problems: [.forbidden, .preconditionFailed],
                handler: { call in
                    try call.caller.requireWorkspace(.admin)
                    let name = call.body?["name"]?.string ?? ""
                    return try await call.commit { connection in
                        let workspace = try Workspace.rename(
                            call.caller.workspace, to: name, match: call.requireMatch, by: call.attribution, connection)
                        return .json(.ok, workspace).with(etag: workspace.etag)
                    }
                }),
        ]
    }
}
