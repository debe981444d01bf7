import Kernel
import Resources
import Storage

/// Whose numbers are read: those of the subject, narrowed to a group where there is one.
struct AlertFocus {
    let account: AccountID?
    let project: ProjectID?
    let resource: ResourceID?
    let selector: String?
    let labels: [String: String]
    let provider: String?
    /// What the alert may reach; nil for the whole workspace.
    let projects: [ProjectID]?

    init(_ alert: Alert) {
        let subject = alert.draft.subject
        let group = alert.group
        project = group?.project ?? subject.project
        // A project's numbers are its own, whichever account it was in.
        account = group?.project == nil ? subject.account : nil
        resource = group?.resource ?? subject.resource
        selector = subject.selector
        labels = group?.labels ?? [:]
        provider = group?[.provider]
        projects = alert.projects
    }

    /// Whether resources have to be looked for to know what counts.
    var isOfResources: Bool { selector != nil || !labels.isEmpty || provider != nil }

    /// The subject that a rule sees: with a group of one project, that project.
    func subject(of alert: Alert) -> Subject {
        let given = alert.draft.subject
        if let resource = alert.group?.resource { return .resource(resource, project: project ?? ProjectID("")) }
        guard let project = alert.group?.project else { return given }
        return given.selector.map { .selector($0, project: project) } ?? .project(project)
    }

    func scan() throws -> ResourceScan {
        var scan = ResourceScan()
        scan.account = account
        scan.projects = project.map { [$0] } ?? projects
        scan.selector = try selector.map { try LabelSelector($0) }
        scan.labels = labels
        scan.provider = provider
        scan.id = resource
        return scan
    }
}
