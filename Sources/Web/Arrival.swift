import HTTPTypes
import Hummingbird
import Kernel
import Logging
import NIOCore
import Storage

/// A request on its way through the pipeline, and what is known of it so far.
struct Arrival {
    let request: Request
    let scope: RequestScope
    let route: Route
    let mount: Mount
    let at: Timestamp
    let requestID: ID<RequestKind>
    var logger: Logger
    /// The rate limit's word; nil before it was asked.
    var verdict: RateLimiter.Verdict?
    /// Nil before it is known, and for calls that need no credential.
    var caller: Caller?
    /// Of the caller's trace, where there is one.
    var trace: TraceContext?

    var problemWriter: ProblemWriter { ProblemWriter(requestID: requestID, path: request.uri.path, surface: route.surface) }

    /// One path for all mounts, so that a retry through another base path is still the same request.
    var unmountedPath: String {
        request.uri.path.split(separator: "/").dropFirst(mount.depth).map { "/" + $0 }.joined()
    }

    func response(_ answer: Answer) -> Response { response(answer, ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))) }

    func response(_ answer: Answer, _ body: ResponseBody) -> Response {
        var headers = answer.headers
        headers.append(HTTPField(name: .requestID, value: requestID.rawValue))
        if let verdict { verdict.write(to: &headers, at: at) }
        return Response(status: answer.status, headers: headers, body: body)
    }

    func response(to error: any Error) -> Response {
        let problem = Problem(from: error)
        if problem.code.status >= 500 {
            logger.error(
                "request failed",
                metadata: [
                    "request_id": "\(requestID)", "route": "\(route.name)", "code": "\(problem.code.rawValue)",
                    "error": "\(problem.cause ?? problem)",
                ])
        }
        return response(problemWriter.answer(problem))
    }
}

extension HTTPField.Name {
    /// W3C Trace Context.
    static let traceparent = Self("traceparent")!  // a token
}

extension Route {
    /// How logs, counters and metrics call it.
    package var name: String { "\(method.rawValue) \(path)" }
}

extension RateLimiter.Verdict {
    /// The fields of draft-ietf-httpapi-ratelimit-headers, and the older `X-RateLimit-*`.
    func write(to headers: inout HTTPFields, at now: Timestamp) {
        let seconds = max(1, (resetsAt.milliseconds - now.milliseconds + 999) / 1000)
        let (places, left) = (String(limit), String(remaining))
        headers.append(HTTPField(name: .rateLimit, value: "\"default\";r=" + left + ";t=" + String(seconds)))
        headers.append(HTTPField(name: .rateLimitPolicy, value: "\"default\";q=" + places + ";w=60"))
        headers.append(HTTPField(name: .rateLimitLimit, value: places))
        headers.append(HTTPField(name: .rateLimitRemaining, value: left))
        headers.append(HTTPField(name: .rateLimitReset, value: String((resetsAt.milliseconds + 999) / 1000)))
    }
}

extension Problem {
    /// Any error as what the caller may know of it.
    package init(from error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case StorageError.readOnly:
            self.init(.storeReadOnly, "The store cannot take writes at the moment; reads go on.", retryAfter: 5, cause: error)
        case StorageError.conflict, StorageError.unavailable:
            self.init(.overloaded, "The store could not take the request in time.", retryAfter: 1, cause: error)
        case is CancellationError: self.init(.shuttingDown, "The server is stopping.", retryAfter: 5, cause: error)
        default: self.init(.internalError, "The request failed on our side and changed nothing.", cause: error)
        }
    }
}
