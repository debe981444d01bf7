import Identity
import Kernel
import Outgoing
import Storage
import Web

/// What an endpoint is to be.
struct WebhookDraft: Sendable {
    var url: String
    var description: String
    var events: [EventPattern]
    var projects: [ProjectID]?
    var isEnabled: Bool

    init(url: String) {
        self.url = url
        (description, events, projects, isEnabled) = ("", [EventPattern("*")].compactMap(\.self), nil, true)
    }

    init(_ webhook: Webhook) {
        (url, description, events, projects) = (webhook.url, webhook.description, webhook.events, webhook.projects)
        isEnabled = webhook.isEnabled
    }

    static let fields: [Schema.Field] = [
        .optional(
            "events",
            .array(
                .string(1...120).example("instance.*"), 1...100,
                "Types of events: `*`, `instance.*`, `instance.created`; all of them when left out.")),
        .optional("description", .string(0...1000)),
        .optional(
            "project_ids",
            Schema.array(.id("proj"), 1...100, "Only events of these projects; null, or left out, for all that the credential may see.")
                .nullable), .optional("enabled", .boolean()),
    ]
    static let url = Schema.string(
        1...2000, .uri, "Where deliveries go: an https URL, or an http one to an address that the operator opened.")

    /// Merge-patch. Throws `validation_failed` for patterns that are none and for URLs that are never called.
    mutating func apply(_ body: JSON?, _ outgoing: Outgoing) throws {
        if let url = body?["url"]?.string {
            do {
                try outgoing.check(url)
            } catch {
                throw Problem.invalid("url", "Nothing is sent there: \(error.description)", code: "refused_url")
            }
            self.url = url
        }
        if let description = body?["description"]?.string { self.description = description }
        if let texts = body?["events"]?.array?.compactMap(\.string) {
            events = try texts.map { text in
                guard let pattern = EventPattern(text) else {
                    throw Problem.invalid(
                        "events", "\(text.debugDescription) is no type of event, nor * or a type's beginning and .*", code: "not_found")
                }
                return pattern
            }
        }
        if let projects = body?["project_ids"] { self.projects = projects.array?.compactMap(\.string).map { ProjectID($0) } }
        if let isEnabled = body?["enabled"]?.bool { self.isEnabled = isEnabled }
    }

    /// Narrows it to what the caller may see. Throws `forbidden` for who may not write there, `validation_failed` for projects there are not.
    mutating func narrow(to caller: Caller, _ connection: Connection) throws {
        guard let projects else {
            switch caller.reach {
            case .workspace: return try caller.requireWorkspace(.editor)
            case .projects(let roles):
                let own = roles.filter { $0.value >= .editor }.keys.sorted()
                guard !own.isEmpty else { throw Problem(.forbidden, "This needs the role editor in a project.") }
                self.projects = own
            }
            return
        }
        for project in projects {
            do {
                _ = try Project.find(project, for: caller, connection)
            } catch let problem as Problem where problem.code == .notFound {
                throw Problem.invalid("project_ids", "There is no such project.", code: "not_found")
            }
            try caller.require(.editor, in: project)
        }
    }
}
