package import HTTPTypes
import Kernel
import Server
import Web

/// Whatever a test asks for, the answer has to be one that the call's description allows: its status, and the shape of its JSON.
package enum AnswerCheck {
    package struct Undescribed: Error, CustomStringConvertible {
        package let description: String
    }

    /// Throws when the description of the call does not know this answer. A path that no call has is nobody's promise.
    package static func run(_ reply: Reply, to method: HTTPRequest.Method, _ uri: String) throws {
        guard let route = route(method, path: String(uri.prefix { $0 != "?" })), reply.status != 500 else { return }
        if let complaint = complaint(about: reply, of: route) {
            throw Undescribed(description: "\(method) \(uri) is answered \(reply.status): \(complaint)\n\(reply.text.prefix(1000))")
        }
    }

    private static func complaint(about reply: Reply, of route: Route) -> String? {
        if reply.status >= 400 {
            guard route.possibleProblems.contains(where: { $0.status == reply.status }) else {
                return "no problem of this status is described"
            }
            return found(by: ProblemWriter.schema(on: route.surface), in: reply)
        }
        guard let answer = route.answers.first(where: { $0.status == reply.status }) else { return "this status is not described" }
        guard let schema = answer.schema, reply.headers[.contentType]?.hasPrefix("application/json") == true else { return nil }
        return found(by: schema, in: reply)
    }

    private static func found(by schema: Schema, in reply: Reply) -> String? {
        schema.violations(in: reply.json).first.map { "\($0.pointer) \($0.detail)" }
    }

    // MARK: Finding the call

    private static let routes = Dictionary(grouping: RouteTable.described.routes) { $0.method }

    private static func route(_ method: HTTPRequest.Method, path: String) -> Route? {
        routes[method]?.filter { $0.matches(path) }.min { $0.parameterNames.count < $1.parameterNames.count }
    }
}
