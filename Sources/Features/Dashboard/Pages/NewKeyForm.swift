import Identity
import Kernel
import Keys
import Storage
import Web

/// The form for a new key, as it was typed, with what its visitor may choose from.
struct NewKeyForm: Sendable {
    private(set) var name = ""
    private(set) var wrongName: String?
    private(set) var isTest = false
    private(set) var owners: [Choice] = []
    private(set) var roles: [Choice] = []
    /// Nil until somebody chose: then it is the workspace, or the first project of somebody who does not reach all of it.
    private var owner: String?
    private var role: Role?

    /// What the select calls the workspace; everything else is the id of a project.
    private static let workspaceOwner = "workspace"

    init() {}

    init(_ form: Form) {
        name = form.text("name")
        wrongName = form.complaint("name", called: "The name", Schema.name())
        isTest = form["mode"] == Mode.test.rawValue
        owner = form["owner"]
        role = form["role"].flatMap(Role.init)
    }

    /// By the API's own rules. Throws what `POST /v1/keys` and `POST /v1/api-keys` throw.
    func draft(for caller: Caller) throws -> KeyDraft {
        try caller.require(.keysWrite)
        let mode: Mode = isTest ? .test : .live
        guard let owner, owner != Self.workspaceOwner else { return try .workspaceKey(named: name, mode: mode, role: role, for: caller) }
        return try .projectKey(named: name, of: ProjectID(owner), mode: mode, role: role ?? .admin, for: caller)
    }

    /// With the choices that are the caller's; nil for somebody who may make no key.
    func offered(to caller: Caller, _ connection: Connection) throws -> NewKeyForm? {
        guard caller.scopes.contains(.keysWrite) else { return nil }
        var form = self
        let workspace = (Self.workspaceOwner, caller.reachesWorkspace ? "Workspace: all projects" : "All your projects")
        let projects = try Self.projects(of: caller, connection).map { ($0.id.rawValue, "Project: \($0.name)") }
        let owners = caller.reachesWorkspace ? [workspace] + projects : projects + [workspace]
        form.owners = owners.map { Choice(value: $0.0, label: $0.1, isChosen: $0.0 == owner ?? owners[0].0) }
        let widest = caller.widestRole
        let roles = Role.allCases.reversed().filter { $0 <= widest }
        form.roles = Choice.list(Array(roles), \.label, chosen: role ?? widest)
        return form
    }

    /// Active ones that the caller administers. A select with more than a few hundred entries helps nobody; the API takes any.
    private static func projects(of caller: Caller, _ connection: Connection) throws -> [Project] {
        var filter = Project.Filter()
        filter.status = Project.Status.active.rawValue
        let request = PageRequest(limit: 200, position: .page(1), sort: .init(field: "name", descending: false))
        return try Project.list(request, filter, for: caller, connection).items.filter { caller.role(in: $0.id) == .admin }
    }

    static let template = """
        <section class="card"><div class="card-head"><h2>Create a key</h2></div>
        <form method="post" action="\(APIKeysPage.path)">{{> form-fields}}
        <div class="fields">
        <div class="field"><label for="name">Name</label><input id="name" name="name" value="{{name}}" maxlength="120" required placeholder="ci-pipeline" autocomplete="off" aria-describedby="name-hint"{{#wrongName}} aria-invalid="true"{{/wrongName}}>
        {{#wrongName}}<p class="wrong" id="name-hint">{{.}}</p>{{/wrongName}}{{^wrongName}}<p class="hint" id="name-hint">What uses it, so that you know what you revoke.</p>{{/wrongName}}</div>
        <fieldset class="field"><legend>Mode</legend><div class="switch">
        <label><input type="radio" name="mode" value="live"{{^isTest}} checked{{/isTest}}>Live</label>
        <label><input type="radio" name="mode" value="test"{{#isTest}} checked{{/isTest}}>Test</label></div>
        <p class="hint">Test keys work in the sandbox alone, on data of its own.</p></fieldset>
        <div class="field"><label for="owner">Belongs to</label><select id="owner" name="owner">{{#owners}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/owners}}</select></div>
        <div class="field"><label for="role">Role</label><select id="role" name="role">{{#roles}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/roles}}</select></div>
        </div>
        <div class="actions"><button type="submit" id="create-key">Create key</button><p class="hint">The secret is shown once, on the next page.</p></div>
        </form></section>
        """
}

extension Caller {
    /// The widest role it has anywhere: in the workspace, or in one of its projects.
    fileprivate var widestRole: Role {
        switch reach {
        case .workspace(let role): role
        case .projects(let roles): roles.values.max() ?? .viewer
        }
    }
}

extension Role {
    var label: String {
        switch self {
        case .viewer: "Viewer: reads everything"
        case .editor: "Editor: reads, and changes projects"
        case .admin: "Admin: everything"
        }
    }

    var shortLabel: String { String(label.prefix { $0 != ":" }) }
}
