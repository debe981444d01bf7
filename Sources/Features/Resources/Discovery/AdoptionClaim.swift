// Two workspaces can connect the same daemon or account, and where marks cannot be put on what exists, nothing there says that one of them has
// adopted an object. So it is written down here, in the one table that no workspace owns: a place (who is at the other end, by whatever
// address), a kind and a reference belong to one resource. A claim outlives its resource and is taken over then, so nothing has to end it.

import Kernel
import Provider
package import Storage

extension ResourceSchema {
    package static let claims = [
        Migration(
            "0190-adoptions",
            """
            CREATE TABLE adoptions (
                place TEXT NOT NULL, kind TEXT NOT NULL, reference TEXT NOT NULL, workspace TEXT NOT NULL, mode TEXT NOT NULL,
                resource TEXT NOT NULL, PRIMARY KEY (place, kind, reference)
            ) STRICT, WITHOUT ROWID
            """,
            // Whose an object is that bears a mark of ours, whichever workspace that is.
            "CREATE INDEX resources_by_id ON resources (id)"),
        Migration("0191-discoveries-found", "ALTER TABLE discoveries ADD COLUMN found INTEGER"),
    ]
}

/// That an object is this resource's.
struct AdoptionClaim: Sendable {
    /// A digest: settings can be long, and are nobody else's business.
    let place: String
    let kind: ResourceKind
    let reference: String

    init(place: String, kind: ResourceKind, reference: String) {
        self.place = SpecResolution.digest(Array(place.utf8))
        self.kind = kind
        self.reference = reference
    }

    /// Throws `conflict` while another resource has the object.
    func take(for resource: Resource, _ connection: Connection) throws {
        let (tenant, id) = (resource.tenant, resource.id)
        let isNew = try connection.execute(
            """
            INSERT INTO adoptions (place, kind, reference, workspace, mode, resource) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (place, kind, reference) DO NOTHING
            """, place, kind, reference, tenant.workspace, tenant.mode, id)
        guard isNew == 0 else { return }
        let holder = try holder(connection)
        if let holder {
            let standing = try? Resource.find(holder.resource, in: holder.tenant, connection)
            if let standing, !standing.isGone || standing.isKept, standing.reference == reference { throw taken }
        }
        let changed = try connection.execute(
            "UPDATE adoptions SET workspace = ?, mode = ?, resource = ? WHERE place = ? AND kind = ? AND reference = ? AND resource = ?",
            tenant.workspace, tenant.mode, id, place, kind, reference, holder?.resource)
        guard changed == 1 else { throw taken }
    }

    private var taken: Problem { Problem(.conflict, "\(reference) is adopted already, by another connection or workspace of this server.") }

    private func holder(_ connection: Connection) throws -> (tenant: Tenant, resource: ResourceID)? {
        try connection.row(
            "SELECT workspace, mode, resource FROM adoptions WHERE place = ? AND kind = ? AND reference = ?", place, kind, reference
        ) { row in
            (Tenant(workspace: WorkspaceID(row.text(0)), mode: try row.get(1)), ResourceID(row.text(2)))
        }
    }
}

extension Resource {
    /// Whether another workspace has or had the resource of that id: then an object with our mark for it is that one's, and none of ours.
    static func isElsewhere(_ id: ResourceID, than tenant: Tenant, _ connection: Connection) throws -> Bool {
        try connection.row(
            "SELECT 1 FROM resources WHERE id = ? AND NOT (workspace = ? AND mode = ?) LIMIT 1", id, tenant.workspace, tenant.mode
        ) { _ in true } ?? false
    }
}
