import HTTPTypes
package import Kernel
package import Web

/// The OpenAPI 3.1 description of the API, made from the route table, so that what is described is what is checked.
package struct OpenAPIDocument: Sendable {
    private let routes: [Route]

    package init(routes: [Route]) { self.routes = routes }

    package var json: JSONWriter {
        var json = JSONWriter(capacity: 1 << 17)
        value.write(to: &json)
        return json
    }

    package var value: JSON {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "CloudAPI", "version": "1.0.0",
                "description":
                    "Projects, keys, usage and everything that hangs on them. Errors are RFC 9457 problems with a `code` from a closed list; every list has cursors and pages; every write takes an `Idempotency-Key`.",
            ],
            "servers": [["url": "/"]],
            "security": [["bearer": []], ["apiKey": []]],
            "tags": .array(tags.map { ["name": .string($0)] }),
            "paths": .object(paths),
            "components": [
                "schemas": .object(schemas), "responses": .object(OpenAPIProblems.responses), "parameters": OpenAPIProblems.parameters,
                "headers": OpenAPIProblems.headers,
                "securitySchemes": [
                    "bearer": ["type": "http", "scheme": "bearer", "description": "An API key, a scoped token or a session token."],
                    "apiKey": [
                        "type": "apiKey", "in": "header", "name": "x-api-key", "description": "The same credentials in another header.",
                    ],
                ],
            ],
        ]
    }

    private var tags: [String] {
        var seen: [String] = []
        for route in routes where !seen.contains(route.tag) { seen.append(route.tag) }
        return seen
    }

    private var paths: [JSON.Member] {
        var order: [String] = []
        var operations: [String: [JSON.Member]] = [:]
        for route in routes {
            if operations[route.path] == nil { order.append(route.path) }
            operations[route.path, default: []].append(.init(route.method.rawValue.lowercased(), route.operation))
        }
        return order.map { .init($0, .object(operations[$0] ?? [])) }
    }

    private var schemas: [JSON.Member] {
        var found: [String: JSON] = [:]
        let roots =
            routes.flatMap { route in route.answers.compactMap(\.schema) + [route.body.schema].compactMap { $0 } } + [
                ProblemWriter.schema, ProblemWriter.oauthSchema,
            ]
        for root in roots { root.collectNamed(into: &found) }
        return found.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) }
    }
}

extension Route {
    /// The first part of the path after the version: `projects`, `keys`. The calls of the Cloudthread API stand together.
    var tag: String {
        if surface == .cloudthread { return "cloudthread" }
        if surface == .oauth { return "oauth" }
        let parts = path.split(separator: "/")
        return String(parts.count > 1 ? parts[1] : parts[0])
    }

    /// `GET /v1/projects/{id}` → `get_projects_id`, unless it was given one.
    var operationID: String {
        if let givenOperationID { return givenOperationID }
        let parts = path.split(separator: "/").dropFirst().map {
            $0.replacing("{", with: "").replacing("}", with: "").replacing("-", with: "_")
        }
        return ([method.rawValue.lowercased()] + parts.map(String.init)).joined(separator: "_")
    }

    fileprivate var operation: JSON {
        var members: [JSON.Member] = [
            .init("operationId", .string(operationID)), .init("summary", .string(summary)), .init("tags", [.string(tag)]),
            .init("description", .string([details, needs].filter { !$0.isEmpty }.joined(separator: " "))),
        ]
        if case .open = access { members.append(.init("security", [])) }
        if !parameters.isEmpty { members.append(.init("parameters", .array(parameters))) }
        if let schema = body.schema {
            var isRequired = true
            if case .optional = body { isRequired = false }
            var type = "application/json"
            if case .form = body { type = "application/x-www-form-urlencoded" }
            let content: JSON = .object([.init(type, ["schema": schema.openAPI])])
            members.append(.init("requestBody", ["required": .bool(isRequired), "content": content]))
        }
        if case .file(let types, _) = body {
            let content = types.map { JSON.Member($0, ["schema": ["type": "string", "minLength": 1, "contentMediaType": .string($0)]]) }
            members.append(.init("requestBody", ["required": true, "content": .object(content)]))
        }
        members.append(.init("responses", .object(responses)))
        return .object(members)
    }

    private var needs: String {
        switch access {
        case .open: "Needs no credential."
        case .authenticated: "Needs any credential."
        case .session: "Needs a session."
        case .scope(let scope): "Needs the scope `\(scope.rawValue)`."
        }
    }

    private var parameters: [JSON] {
        let inPath = parameterNames.map { name -> JSON in
            ["name": .string(name), "in": "path", "required": true, "schema": ["type": "string", "minLength": 1]]
        }
        let inQuery = query.map { parameter -> JSON in
            [
                "name": .string(parameter.name), "in": "query", "required": .bool(parameter.isRequired),
                "description": .string(parameter.schema.description ?? ""), "schema": parameter.schema.openAPI,
            ]
        }
        var headers: [JSON] = []
        if isWrite, access.isAuthenticated { headers.append(["$ref": "#/components/parameters/IdempotencyKey"]) }
        if problems.contains(.preconditionFailed) { headers.append(["$ref": "#/components/parameters/IfMatch"]) }
        if problems.contains(.leaseHeld) { headers.append(["$ref": "#/components/parameters/LeaseNonce"]) }
        return inPath + inQuery + headers
    }

    private var responses: [JSON.Member] {
        let good = answers.map { answer -> JSON.Member in
            var members: [JSON.Member] = [
                .init("description", .string(answer.description)), .init("headers", OpenAPIProblems.answerHeaders(for: self)),
            ]
            var content: [JSON.Member] = []
            if let schema = answer.schema { content.append(.init("application/json", ["schema": schema.openAPI])) }
            if answer.streams { content.append(.init("text/event-stream", ["schema": ["type": "string"]])) }
            for type in answer.files { content.append(.init(type, ["schema": ["type": "string"]])) }
            if !content.isEmpty { members.append(.init("content", .object(content))) }
            return .init(String(answer.status), .object(members))
        }
        let codes = Dictionary(grouping: possibleProblems, by: \.status).sorted { $0.key < $1.key }
        return good
            + codes.map { status, codes in
                .init(
                    String(status),
                    surface == .oauth
                        ? OpenAPIProblems.oauthResponse(codes)
                        : ["$ref": .string("#/components/responses/\(OpenAPIProblems.name(status))")])
            }
    }

    /// What this call can answer when it goes wrong: its own problems, and what any call of its kind can.
    package var possibleProblems: [Problem.Code] {
        var codes = problems + [.headersTooLarge, .overloaded, .malformedRequest, .requestTimeout, .internalError]
        codes += [.invalidParameter]
        if access.isAuthenticated { codes += [.credentialMissing, .rateLimited, .addressNotAllowed] }
        if isWrite, access.isAuthenticated { codes += [.idempotencyInProgress, .idempotencyKeyReused] }
        if isWrite { codes += [.payloadTooLarge] }
        if case .file = body { codes += [.unsupportedMediaType] }
        if body.schema != nil { codes += surface == .cloudthread ? [.invalidRequest] : [.validationFailed, .unsupportedMediaType] }
        if !parameterNames.isEmpty { codes += [.notFound] }
        if surface == .cloudthread { codes.removeAll { $0 == .credentialMissing } }
        if surface == .cloudthread { codes += [.credentialInvalid] }
        if surface == .oauth {
            codes.removeAll { [.validationFailed, .unsupportedMediaType, .invalidParameter].contains($0) }
            codes.append(.invalidRequest)
        }
        return Array(Set(codes))
    }
}

extension Route.Access {
    var isAuthenticated: Bool {
        if case .open = self { false } else { true }
    }
}
