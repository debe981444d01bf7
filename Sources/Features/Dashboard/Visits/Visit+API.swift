import HTTPTypes
import Hummingbird
import Kernel
import Storage
import Web

/// A page reads and changes through the API's own calls, by the names they have in the route table: `visit.get("/v1/webhooks/{id}", ["id": id])`.
extension Visit {
    typealias Pairs = KeyValuePairs<String, String?>

    /// What the call answers. Throws its problem. Parameters of the query that are nil or empty are left out.
    func get(_ path: String, _ parameters: KeyValuePairs<String, String> = [:], query: Pairs = [:]) async throws -> JSON {
        try JSON(of: try await answer(.get, path, parameters, query: query, body: nil, once: nil))
    }

    /// The same with a query that is put together and sent as it is, and every number that is no integer as the text it was written as: not a
    /// digit is lost.
    func getExactly(
        _ path: String, _ parameters: KeyValuePairs<String, String> = [:], _ query: [(name: String, value: String)]
    ) async throws -> JSON {
        let answer = try await answerAsked(.get, path, parameters.map { ($0.key, $0.value) }, query, body: nil, once: nil)
        return try JSON(of: answer, keepingDigits: true)
    }

    /// The same for what is too long to make a tree of, as the bytes it is answered with.
    func getCompact(
        _ path: String, _ parameters: KeyValuePairs<String, String> = [:], _ query: [(name: String, value: String)]
    ) async throws -> CompactJSON {
        CompactJSON(try await answerAsked(.get, path, parameters.map { ($0.key, $0.value) }, query, body: nil, once: nil).body)
    }

    /// The call's list: `items` and whether there are more.
    func list(_ path: String, _ parameters: KeyValuePairs<String, String> = [:], query: Pairs = [:], page: Int = 1, perPage: Int = 25)
        async throws -> (items: [JSON], hasMore: Bool)
    {
        let all = query.map { ($0.key, $0.value) } + [("page", String(page)), ("per_page", String(perPage))]
        let json = try JSON(of: try await answer(.get, path, parameters.map { ($0.key, $0.value) }, all, body: nil, once: nil))
        return (json["items"]?.array ?? json["data"]?.array ?? [], json["has_more"]?.bool ?? false)
    }

    /// Like `get`, for what a page shows only to who may see it: nil where a scope or role is missing.
    func getIfAllowed(_ path: String, _ parameters: KeyValuePairs<String, String> = [:], query: Pairs = [:]) async throws -> JSON? {
        do {
            return try await get(path, parameters, query: query)
        } catch let problem as Problem where problem.code.status == 403 {
            return nil
        }
    }

    /// Sends what the visitor's form says, once for each form that was rendered. `isReplay` when the same form was sent before.
    @discardableResult func send(
        _ method: HTTPRequest.Method, _ path: String, _ parameters: KeyValuePairs<String, String> = [:], query: Pairs = [:],
        body: JSON? = nil
    ) async throws -> (json: JSON, isReplay: Bool) {
        guard let once = form["once"], (16...64).contains(once.utf8.count) else {
            throw Problem(.validationFailed, "The form could not be read.")
        }
        let answer = try await answer(method, path, parameters, query: query, body: body, once: once)
        return (answer.body.isEmpty ? .null : try JSON(of: answer), answer.isReplay)
    }

    /// Sends a file, for a call that takes one.
    @discardableResult func send(
        file: RequestBody, _ method: HTTPRequest.Method, _ path: String, once: String, query: Pairs = [:]
    ) async throws -> (json: JSON, isReplay: Bool) {
        guard let route = guest.pages.calls["\(method.rawValue) \(path)"] else { throw Problem.notFound("page") }
        guard (16...64).contains(once.utf8.count) else { throw Problem(.validationFailed, "The form could not be read.") }
        return try await guest.pages.pipeline.spooling(file, named: guest.requestID, for: route) { file in
            var call = PageCall(
                route: route, parameters: [],
                query: query.compactMap { pair in pair.value.flatMap { $0.isEmpty ? nil : (name: pair.key, value: $0) } }, body: nil,
                once: once, requestID: guest.requestID, at: at, address: guest.address, logger: guest.scope.logger)
            call.file = file
            let answer = try await guest.pages.pipeline.answer(call, for: caller)
            return (try JSON(of: answer), answer.isReplay)
        }
    }

    /// A file that the call answers, as a download.
    func download(_ path: String, _ parameters: KeyValuePairs<String, String> = [:], query: Pairs = [:]) async throws -> Response {
        let answer = try await answer(.get, path, parameters, query: query, body: nil, once: nil)
        let guest = guest
        var response = try guest.pages.pipeline.response(answer, to: guest.scope, of: caller, requestID: guest.requestID) {
            guard try await guest.caller()?.credential == caller.credential else { throw Problem(.forbidden, "The session is over.") }
        }
        PageHeaders.add(to: &response.headers, cacheControl: "no-store")
        if response.headers[.contentDisposition] == nil { response.headers[.contentDisposition] = "attachment" }
        return response
    }

    private func answer(
        _ method: HTTPRequest.Method, _ path: String, _ parameters: KeyValuePairs<String, String>, query: Pairs, body: JSON?, once: String?
    ) async throws -> Answer {
        try await answer(
            method, path, parameters.map { ($0.key, $0.value) }, query.map { ($0.key, $0.value) }, body: body, once: once)
    }

    private func answer(
        _ method: HTTPRequest.Method, _ path: String, _ parameters: [(String, String)], _ query: [(String, String?)], body: JSON?,
        once: String?
    ) async throws -> Answer {
        try await answerAsked(
            method, path, parameters, query.compactMap { pair in pair.1.flatMap { $0.isEmpty ? nil : (name: pair.0, value: $0) } },
            body: body, once: once)
    }

    private func answerAsked(
        _ method: HTTPRequest.Method, _ path: String, _ parameters: [(String, String)], _ query: [(name: String, value: String)],
        body: JSON?, once: String?
    ) async throws -> Answer {
        guard let route = guest.pages.calls["\(method.rawValue) \(path)"] else { throw Problem.notFound("page") }
        let call = PageCall(
            route: route, parameters: parameters.map { (name: $0.0, value: $0.1) }, query: query, body: body, once: once,
            requestID: guest.requestID, at: at, address: guest.address, logger: guest.scope.logger)
        return try await guest.pages.pipeline.answer(call, for: caller)
    }

    /// What the path names.
    func parameter(_ name: String = "id") -> String { guest.scope.parameters.get(name).flatMap { PercentEncoding.decode($0) } ?? "" }

    func query(_ name: String) -> String? { guest.query(name) }
}

extension JSON {
    fileprivate init(of answer: Answer, keepingDigits: Bool = false) throws {
        do throws(JSONParser.Failure) {
            self = try JSONParser.parse(answer.body, keepingDigits: keepingDigits)
        } catch {
            throw Problem(.internalError, "The page could not be put together.", cause: error)
        }
    }
}
