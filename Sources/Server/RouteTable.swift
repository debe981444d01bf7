package import Identity
package import Kernel
import Keys
import Metering
package import Sandbox
package import Web

/// Every call of the API. The router, the OpenAPI document and the tests that walk the API read it.
package struct RouteTable: Sendable {
    package let routes: [Route]

    package init(signIn: SignIn, sandbox: Sandbox, surroundings: Surroundings) {
        let identity =
            SessionRoutes(signIn: signIn).all + WorkspaceRoutes.all + AccountRoutes.all + ProjectRoutes(activity: RequestActivity()).all
            + ProjectMemberRoutes.all + UserRoutes(surroundings: surroundings, signIn: signIn).all
        let keys = ProjectKeyRoutes.all + WorkspaceKeyRoutes.all + TokenRoutes.all
        routes = PingRoute.all + identity + keys + UsageRoutes.all + sandbox.routes
    }

    /// The table as it is described, for who does not call it.
    package static var described: RouteTable {
        RouteTable(signIn: SignIn(passwords: PasswordHasher(surroundings: .real)), sandbox: Sandbox(seeds: []), surroundings: .real)
    }
}
