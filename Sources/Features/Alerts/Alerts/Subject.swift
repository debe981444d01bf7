package import Kernel

/// Whose numbers a rule speaks of.
package enum Subject: Sendable, Equatable {
    case account(AccountID)
    case project(ProjectID)
    case resource(ResourceID, project: ProjectID)
    /// Resources with these labels, of one project or of all that the alert may see.
    case selector(String, project: ProjectID?)
    /// All there is.
    case workspace

    package enum Kind: String, Sendable, CaseIterable {
        case account, project, resource, selector, workspace
    }

    package var kind: Kind {
        switch self {
        case .account: .account
        case .project: .project
        case .resource: .resource
        case .selector: .selector
        case .workspace: .workspace
        }
    }

    var account: AccountID? { if case .account(let id) = self { id } else { nil } }
    var resource: ResourceID? { if case .resource(let id, _) = self { id } else { nil } }
    var selector: String? { if case .selector(let text, _) = self { text } else { nil } }

    /// The project it is in, where it is in just one.
    package var project: ProjectID? {
        switch self {
        case .account, .workspace: nil
        case .project(let id), .resource(_, let id): id
        case .selector(_, let id): id
        }
    }

    init(account: AccountID?, project: ProjectID?, resource: ResourceID?, selector: String?) {
        if let account {
            self = .account(account)
        } else if let resource, let project {
            self = .resource(resource, project: project)
        } else if let selector {
            self = .selector(selector, project: project)
        } else if let project {
            self = .project(project)
        } else {
            self = .workspace
        }
    }
}
