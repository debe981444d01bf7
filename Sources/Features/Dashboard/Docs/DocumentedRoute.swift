import HTTPTypes
package import Kernel
package import Web

/// A call of the API with everything it can answer, as the documentation needs it.
package struct DocumentedRoute: Sendable {
    let route: Route
    let problems: [Problem.Code]

    package init(_ route: Route, problems: [Problem.Code]) {
        self.route = route
        self.problems = problems
    }

    /// The first part of the path after the version: `projects`, `api-keys`.
    var group: String {
        if route.surface == .cloudthread { return "cloudthread" }
        if route.surface == .oauth { return "oauth" }
        let parts = route.path.split(separator: "/")
        return String(parts.count > 1 ? parts[1] : parts[0])
    }

    static func title(of group: String) -> String {
        let words = group.replacing("-", with: " ").replacing("api ", with: "API ").replacing("oauth", with: "OAuth")
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    /// `GET /v1/projects/{id}` → `get-projects-id`.
    var anchor: String {
        if let name = route.givenOperationID { return name.replacing("_", with: "-") }
        let parts = route.path.split(separator: "/").dropFirst().map { $0.replacing("{", with: "").replacing("}", with: "") }
        return ([route.method.rawValue.lowercased()] + parts.map(String.init)).joined(separator: "-")
    }

    var needs: String {
        switch route.access {
        case .open: "No credential."
        case .authenticated: "Any credential."
        case .session: "A session: sign in with `POST /v1/sessions`."
        case .scope(let scope): "The scope `\(scope.rawValue)`."
        }
    }

    /// A request that can be pasted into a shell which knows the key and the ids as variables.
    func curl(baseURL: String) -> String {
        var lines = ["curl \(route.method == .get ? "" : "-X \(route.method.rawValue) ")\"\(baseURL)\(pathWithVariables)\(neededQuery)\""]
        switch route.access {
        case .open: break
        case .session: lines.append("-H \"Authorization: Bearer $SESSION_TOKEN\"")
        case .authenticated, .scope: lines.append("-H \"Authorization: Bearer $CLOUD_API_KEY\"")
        }
        if let body = route.body.schema, case .object(let fields) = body.kind {
            let needed = fields.filter(\.isRequired)
            let shown = needed.isEmpty ? Array(fields.prefix(1)) : needed
            if case .form = route.body {
                lines.append("-u \"$CLIENT_ID:$CLIENT_SECRET\"")
                lines += shown.map { "--data-urlencode '\($0.name)=\(SchemaExample.value($0.schema, named: $0.name).string ?? "")'" }
                return lines.joined(separator: " \\\n  ")
            }
            lines.append("-H \"Content-Type: application/json\"")
            lines.append("-d '\(SchemaExample.object(shown).compactText)'")
        }
        return lines.joined(separator: " \\\n  ")
    }

    /// The parameters it cannot do without.
    private var neededQuery: String {
        let needed = route.query.filter(\.isRequired).map { parameter in
            let value = SchemaExample.value(parameter.schema, named: parameter.name)
            return parameter.name + "=" + (value.string ?? value.integer.map(String.init) ?? "")
        }
        return needed.isEmpty ? "" : "?" + needed.joined(separator: "&")
    }

    private static func singular(_ word: String) -> String {
        word.hasSuffix("ies") ? word.dropLast(3) + "y" : String(word.hasSuffix("s") ? word.dropLast() : word[...])
    }

    /// `/v1/projects/{id}/members/{user_id}` → `/v1/projects/$PROJECT_ID/members/$USER_ID`.
    private var pathWithVariables: String {
        var before = ""
        return route.path.split(separator: "/").map { part in
            defer { before = String(part) }
            guard part.hasPrefix("{") else { return "/" + part }
            let name = part == "{id}" ? Self.singular(before) + "_id" : String(part.dropFirst().dropLast())
            return "/$" + name.uppercased().replacing("-", with: "_")
        }.joined()
    }
}

extension JSON {
    fileprivate var compactText: String {
        var json = JSONWriter()
        write(to: &json)
        return String(decoding: json.bytes, as: UTF8.self).replacing("'", with: "'\\''")
    }
}
