import Kernel
package import Provider
import Storage

extension Simulator {
    package func strangers(_ kind: ResourceKind) async throws(ProviderError) -> [Stranger] {
        try await call(.list) { try cloud.strangers(kind, $0) }
    }

    package func mark(_ subject: Subject) async throws(ProviderError) -> Bool {
        guard settings.identification != .none else { return false }
        return try await call(.mark, subject) { try cloud.mark(subject, $0) }
    }

    package func unmark(_ subject: Subject) async throws(ProviderError) {
        try await call(.mark, subject) { try cloud.unmark(subject, $0) }
    }
}

extension SimulatedCloud {
    fileprivate func strangers(_ kind: ResourceKind, _ scene: Scene) throws -> [Stranger] {
        let objects = try scene.connection.rows(
            """
            SELECT \(SimulatedObject.columns) FROM simulator_objects
            WHERE workspace = ? AND mode = ? AND connection = ? AND kind = ?
                AND (installation IS NULL OR installation <> ? OR resource IS NULL)
            ORDER BY made_at, reference
            """, tenant.workspace, tenant.mode, account.id, kind.rawValue, account.installation
        ) { try SimulatedObject($0) }
        return try objects.map { object in
            var known: [String: JSON] = [:]
            if kind == .instance { known["image"] = JSON(object.image) }
            if kind == .address { known["family"] = .string(object.address.blueprint.family.rawValue) }
            return Stranger(
                reference: object.reference, name: object.name, state: try sighting(object, scene).state, known: known,
                isMarked: object.installation != nil)
        }
    }

    fileprivate func mark(_ subject: Subject, _ scene: Scene) throws -> Bool {
        let object = try existing(subject, scene)
        if object.isOurs(account.installation), object.resource == subject.id { return true }
        guard object.installation == nil else {
            throw ProviderError(.conflict, "The \(object.kind.rawValue) \(object.name) bears another mark.")
        }
        try put(account.installation, subject.id, on: object, scene)
        return true
    }

    fileprivate func unmark(_ subject: Subject, _ scene: Scene) throws {
        guard let object = try located(subject, scene), object.isOurs(account.installation), object.resource == subject.id else { return }
        try put(nil, nil, on: object, scene)
    }

    private func put(_ installation: String?, _ resource: String?, on object: SimulatedObject, _ scene: Scene) throws {
        try scene.connection.execute(
            """
            UPDATE simulator_objects SET installation = ?, resource = ?
            WHERE workspace = ? AND mode = ? AND connection = ? AND kind = ? AND reference = ?
            """, installation, resource, tenant.workspace, tenant.mode, account.id, object.kind.rawValue, object.reference)
    }
}
