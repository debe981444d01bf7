package import HTTPTypes
package import Kernel

/// One call of the API: what a client may send, what it may get, what it needs, and who answers. The router, the checks before a
/// handler and the OpenAPI document are all made from it.
package struct Route: Sendable {
    package let method: HTTPRequest.Method
    /// Such as `/v1/projects/{id}`.
    package let path: String
    package let access: Access
    package let summary: String
    package var details: String
    package var query: [Query.Parameter]
    package var body: Body
    package var answers: [Response]
    /// The problems this call can answer beyond those every call can.
    package var problems: [Problem.Code]
    /// The path parameter that names the project the request is charged to.
    package var project: String?
    /// Whose conventions it keeps.
    package private(set) var surface = Surface.platform
    /// Bytes of a body; nil for what every call may take.
    package private(set) var bodyLimit: Int?
    /// What the description calls it; nil for a name made from method and path.
    package private(set) var givenOperationID: String?
    package let handler: Handler

    package enum Access: Sendable {
        /// No credential is asked for.
        case open
        /// Any valid credential.
        case authenticated
        case scope(Scope)
        /// A person's session, whatever its scopes.
        case session
    }

    package enum Body: Sendable {
        case none
        case required(Schema)
        /// A request without a body is as if it were `{}`.
        case optional(Schema)
        /// The handler reads the bytes itself (`Call.bytes`); the schema only describes them.
        case raw(Schema)
        /// Fields of application/x-www-form-urlencoded, each once, as an object of strings; one without a value is as if it were left out.
        case form(Schema)

        /// Bytes of one of these types, at most so many, spooled to disk while they come in.
        case file([String], limit: Int)

        package var schema: Schema? {
            switch self {
            case .none, .file: nil
            case .required(let schema), .optional(let schema), .raw(let schema), .form(let schema): schema
            }
        }

        /// The same, with members nobody asked for let through.
        fileprivate var opened: Body {
            switch self {
            case .none, .file: self
            case .required(let schema): .required(schema.opened)
            case .optional(let schema): .optional(schema.opened)
            case .raw(let schema): .raw(schema.opened)
            case .form(let schema): .form(schema.opened)
            }
        }
    }

    package struct Response: Sendable {
        package let status: Int
        package let description: String
        package let schema: Schema?
        /// Also as server-sent events, to who asks for `text/event-stream`.
        package var streams = false
        /// The content types of an answer that is a file, written while it is sent.
        package var files: [String] = []

        package init(status: Int, description: String, schema: Schema?) {
            self.status = status
            self.description = description
            self.schema = schema
        }

        package func orEvents() -> Response {
            var copy = self
            copy.streams = true
            return copy
        }
    }

    package enum Handler: Sendable {
        case open(@Sendable (OpenCall) async throws -> Answer)
        case authenticated(@Sendable (Call) async throws -> Answer)
    }
}

extension Route {
    /// A call that needs a credential.
    package init(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, _ summary: String, details: String = "",
        query: [Query.Parameter] = [],
        body: Body = .none, answers: [Response], problems: [Problem.Code] = [], project: String? = nil,
        handler: @escaping @Sendable (Call) async throws -> Answer
    ) {
        self.init(
            method: method, path: path, access: access, summary: summary, details: details, query: query, body: body, answers: answers,
            problems: problems, project: project, handler: .authenticated(handler))
    }

    /// A call that everybody may make.
    package init(
        open method: HTTPRequest.Method, _ path: String, _ summary: String, details: String = "", body: Body = .none, answers: [Response],
        problems: [Problem.Code] = [], handler: @escaping @Sendable (OpenCall) async throws -> Answer
    ) {
        self.init(
            method: method, path: path, access: .open, summary: summary, details: details, query: [], body: body, answers: answers,
            problems: problems, project: nil, handler: .open(handler))
    }

    /// The same call with the conventions of the Cloudthread API, under the name that API gives it,
    /// after `cloudthread_`.
    package func onCloudthread(_ operationID: String, bodyLimit: Int = Surface.cloudthreadBodyLimit) -> Route {
        var copy = self
        copy.surface = .cloudthread
        copy.body = body.opened
        copy.bodyLimit = bodyLimit
        copy.givenOperationID = "cloudthread_" + operationID
        return copy
    }

    /// The same call as one of OAuth's endpoints, under this name.
    package func onOAuth(_ operationID: String) -> Route {
        var copy = self
        copy.surface = .oauth
        copy.body = body.opened
        copy.givenOperationID = operationID
        return copy
    }

    package var isWrite: Bool { method == .post || method == .put || method == .patch || method == .delete }

    /// The names in braces, in order.
    package var parameterNames: [String] {
        path.split(separator: "/").compactMap { part in part.hasPrefix("{") ? String(part.dropFirst().dropLast()) : nil }
    }
}

extension Route.Response {
    package static func ok(_ schema: Schema, _ description: String = "Done.") -> Self {
        .init(status: 200, description: description, schema: schema)
    }
    package static func created(_ schema: Schema, _ description: String = "Made.") -> Self {
        .init(status: 201, description: description, schema: schema)
    }
    package static func file(_ types: [String], _ description: String) -> Self {
        var response = Self(status: 200, description: description, schema: nil)
        response.files = types
        return response
    }
    package static func noContent(_ description: String = "Done.") -> Self { .init(status: 204, description: description, schema: nil) }

    /// Both documented list envelopes.
    package static func list(of item: Schema) -> Self {
        .init(status: 200, description: "A part of the list, in the envelope that was asked for.", schema: ListEnvelope.schema(of: item))
    }
}
