import Identity
import Kernel
import Keys
import Storage
import Web

/// The keys of one kind, newest first, with what can be done to each.
struct KeyList: Sendable {
    let title: String
    let about: String
    let isEmpty: Bool
    let keys: [Entry]
    let overlaps: [Choice]
    let mayRotate: Bool
    let showsProject: Bool
    let pager: Pager?

    struct Entry: Sendable {
        let id: String
        let name: String
        let hint: String
        let project: String
        let isTest: Bool
        let role: String
        let scopes: Scopes
        let lastUsed: String
        let created: String
        /// Why it no longer works; nil while it does.
        let gone: String?
        let overlap: String?
        let mayChange: Bool
    }

    struct Scopes: Sendable {
        let summary: String
        /// Each by name; empty when the summary says it all.
        let names: [String]
        let isLong: Bool
    }

    static func both(for visit: Visit, _ connection: Connection) throws -> [KeyList] {
        [
            try list(.workspace, "Workspace keys", "For several projects, with a role.", visit, connection),
            try list(.project, "Project keys", "Each for one project.", visit, connection),
        ]
    }

    private static func list(_ kind: Key.Kind, _ title: String, _ about: String, _ visit: Visit, _ connection: Connection) throws -> KeyList
    {
        let parameter = "\(kind.rawValue)-page"
        let number = visit.guest.page(parameter)
        let request = PageRequest(limit: 25, position: .page(number), sort: .init(field: "created_at", descending: true))
        let page = try Key.list(request, kind: kind, project: nil, for: visit.caller, connection)
        let entries = try page.items.map { try Entry($0, visit, connection) }
        return KeyList(
            title: title, about: about, isEmpty: entries.isEmpty, keys: entries, overlaps: overlaps,
            mayRotate: entries.contains(where: \.mayChange), showsProject: kind == .project,
            pager: Pager(number, hasMore: page.hasMore, path: APIKeysPage.path, parameter: parameter))
    }

    private static let overlaps = [
        Choice(value: "0", label: "not at all", isChosen: false), Choice(value: "3600", label: "1 hour", isChosen: true),
        Choice(value: "86400", label: "1 day", isChosen: false), Choice(value: "604800", label: "7 days", isChosen: false),
    ]

    /// One form around the table: each button says where it goes, and the overlap is chosen once.
    static let template = """
        <section class="card table-card" aria-label="{{title}}"><form method="post" action="\(APIKeysPage.path)">{{> form-fields}}
        <div class="card-head"><div><h2>{{title}}</h2><p>{{about}}</p></div>
        {{#mayRotate}}<label class="inline">When rotated, the old secret works for <select name="overlap_seconds">{{#overlaps}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/overlaps}}</select></label>{{/mayRotate}}</div>
        {{#isEmpty}}<div class="empty">\(Icon.key)<h3>None yet</h3><p>Keys you create appear here.</p></div>{{/isEmpty}}
        {{^isEmpty}}
        <table class="reflow"><thead><tr><th scope="col">Name</th>{{#showsProject}}<th scope="col">Project</th>{{/showsProject}}<th scope="col">Mode</th><th scope="col">Role and scopes</th><th scope="col">Last used</th><th scope="col">Created</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
        <tbody>
        {{#keys}}
        <tr data-key-id="{{id}}"{{#gone}} class="gone"{{/gone}}><td><div class="name">{{name}}</div><div class="mono">{{hint}}</div>{{#overlap}}<div class="muted small">{{.}}</div>{{/overlap}}</td>
        {{#showsProject}}<td data-label="Project">{{project}}</td>{{/showsProject}}
        <td data-label="Mode">{{#isTest}}<span class="badge warn">Test</span>{{/isTest}}{{^isTest}}<span class="badge accent">Live</span>{{/isTest}}</td>
        <td data-label="Role and scopes"><div>{{role}}{{#scopes.isLong}}<details><summary>{{scopes.summary}}</summary>{{#scopes.names}}<code>{{.}}</code>{{/scopes.names}}</details>{{/scopes.isLong}}{{^scopes.isLong}}<div class="muted">{{scopes.summary}}</div>{{/scopes.isLong}}</div></td>
        <td data-label="Last used" class="when">{{lastUsed}}</td>
        <td data-label="Created" class="when">{{created}}</td>
        <td class="row-actions">{{#gone}}<span class="badge">{{.}}</span>{{/gone}}{{#mayChange}}<button class="plain" data-action="rotate" formaction="\(APIKeysPage.path)/{{id}}/rotation" aria-label="Rotate {{name}}">Rotate</button><button class="plain danger" data-action="revoke" formaction="\(APIKeysPage.path)/{{id}}/revocation" data-confirm="Revoke “{{name}}”? The next request with it is refused. This cannot be undone." aria-label="Revoke {{name}}">Revoke</button>{{/mayChange}}</td></tr>
        {{/keys}}
        </tbody></table>
        {{> pager}}
        {{/isEmpty}}
        </form></section>
        """
}

extension KeyList.Entry {
    fileprivate init(_ key: Key, _ visit: Visit, _ connection: Connection) throws {
        let now = visit.at
        let isExpired = key.expiresAt.map { $0 <= now } ?? false
        let gone = key.revokedAt != nil ? "Revoked" : isExpired ? "Expired" : nil
        let overlap = key.overlapsUntil.flatMap { $0 > now && gone == nil ? "Old secret works until \(Words.moment($0))" : nil }
        self.init(
            id: key.id, name: key.name.isEmpty ? "Unnamed" : key.name, hint: "\(key.prefix)…\(key.lastFour)",
            project: try key.project.map { try Project.find($0, for: visit.caller, connection).name } ?? "", isTest: key.mode == .test,
            role: key.role.shortLabel, scopes: KeyList.Scopes(key.scopes),
            lastUsed: key.lastUsedAt.map { Words.since($0, at: now) } ?? "Never", created: Words.day(key.createdAt), gone: gone,
            overlap: overlap, mayChange: gone == nil && visit.caller.scopes.contains(.keysWrite) && key.isAdministered(by: visit.caller))
    }
}

extension KeyList.Scopes {
    fileprivate init(_ scopes: ScopeSet) {
        names = scopes.patterns
        isLong = names.count > 1
        summary = scopes == .all ? "All scopes" : names.count == 1 ? names[0] : "\(names.count) scopes"
    }
}
