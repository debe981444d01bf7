/// The live side of a workspace, or its sandbox. Everything a project contains belongs to one of them and never to both.
package enum Mode: String, Sendable, CaseIterable {
    case live
    case test
}

/// Where a row lives. Store functions take it, so that no query can forget workspace or mode.
package struct Tenant: Hashable, Sendable {
    package let workspace: WorkspaceID
    package let mode: Mode

    package init(workspace: WorkspaceID, mode: Mode) {
        self.workspace = workspace
        self.mode = mode
    }
}
