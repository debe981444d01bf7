import HTTPTypes
package import Hummingbird
package import Kernel
import NIOCore

/// The outermost layer of what is no call: answers what no route answers, so that a wrong path or method is a problem like any other, and a
/// browser that asks what it may call.
package struct Front: RouterMiddleware {
    package typealias Context = RequestScope

    private let routes: [Route]
    private let crossOrigin: CrossOrigin?
    private let surroundings: Surroundings

    package init(routes: [Route], crossOrigin: CrossOrigin?, surroundings: Surroundings) {
        self.routes = routes
        self.crossOrigin = crossOrigin
        self.surroundings = surroundings
    }

    package func handle(
        _ request: Request, context: RequestScope, next: (Request, RequestScope) async throws -> Response
    ) async throws -> Response {
        if let answer = crossOrigin?.preflight(request) { return answer }
        var response = await answer(request, context, next)
        crossOrigin?.mark(&response, to: request)
        return response
    }

    private func answer(
        _ request: Request, _ context: RequestScope, _ next: (Request, RequestScope) async throws -> Response
    ) async -> Response {
        do {
            return try await next(request, context)
        } catch {
            let problem = (error as? HTTPError)?.status == .notFound ? unmatched(request) : Problem(from: error)
            let id: ID<RequestKind> = surroundings.makeID()
            var answer = ProblemWriter(requestID: id, path: request.uri.path).answer(problem)
            answer.headers[.requestID] = id.rawValue
            return Response(status: answer.status, headers: answer.headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
        }
    }

    private func unmatched(_ request: Request) -> Problem {
        let methods = routes.filter { $0.matches(request.uri.path) }.map(\.method.rawValue)
        guard !methods.isEmpty else { return Problem(.notFound, "There is no such path.") }
        let allowed = Set(methods + (methods.contains("GET") ? ["HEAD"] : [])).sorted().joined(separator: ", ")
        return Problem(.methodNotAllowed, "\(request.method.rawValue) is not possible here.", headers: [("Allow", allowed)])
    }
}

extension Route {
    /// Whether the path is this route's, under any of its mounts.
    package func matches(_ path: String) -> Bool {
        let parts = path.split(separator: "/")
        let template = self.path.split(separator: "/")
        return surface.mounts.contains { mount in
            let base = mount.rawValue.split(separator: "/")
            guard parts.count == base.count + template.count, parts.starts(with: base) else { return false }
            return zip(parts.dropFirst(base.count), template).allSatisfy { $1.hasPrefix("{") || $0 == $1 }
        }
    }
}
