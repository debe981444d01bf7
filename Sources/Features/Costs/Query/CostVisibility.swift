package import Kernel
package import Storage

/// Which cost rows a caller may see at all: the one place that decides it, for every read of costs.
package enum CostVisibility {
    /// A project's credential sees what our own prices charge its projects; bills of others belong to the workspace.
    package static func filters(for caller: Caller, _ connection: Connection) throws -> [RowFilter] {
        guard case .projects(let roles) = caller.reach else { return [] }
        let projects = roles.keys.map(\.rawValue).sorted()
        guard !projects.isEmpty else { return [.nothing] }
        return [
            RowFilter(groups: [
                [.init(Dimension("SubAccountId"), .isIn(projects)), .init(Dimension("InvoiceIssuerName"), .isIn(["CloudAPI"]))]
            ])
        ]
    }
}
