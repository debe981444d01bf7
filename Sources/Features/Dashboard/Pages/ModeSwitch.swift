import Hummingbird
import Kernel
import Web

/// Looking at the live or at the test side. Leads to the list of the part one was in: what has an id there has none here.
struct ModeSwitch: Sendable {
    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.post("/app/mode") { request, scope in
            await pages.signedIn(request, scope) { visit in
                var response = Response.seeOther(ReturnPath(visit.form["next"]).path)
                pages.mode.set(visit.form["mode"] == Mode.test.rawValue ? .test : .live, on: &response)
                return response
            }
        }
        router.get("/app/mode") { _, _ in Response.seeOther(ReturnPath.home) }
    }
}
