import Kernel
package import Provider
import Storage

extension Simulator {
    /// What somebody does to an object past us.
    package enum Tampering: Sendable {
        case stop
        case start
        case crash
        case resize(Capacity)
        case grow(toGiB: Int)
        /// A network begins to reach the world outside, or ends.
        case turnInsideOut
        /// A bucket, an address or a firewall is set to something else.
        case configure(Blueprint)
        case leave(Subject)
        case join(Subject)
        case unassign(Subject)
        case remove
        /// Another installation's mark in place of ours, or none.
        case mark(installation: String?)
    }

    /// Changes an object as somebody else would, by the console of the cloud: no fault strikes, no mark is asked for. For tests.
    package func tamper(_ subject: Subject, _ deed: Tampering) async throws {
        let now = account.surroundings.now()
        try await store.write { connection in
            try cloud.tamper(subject, deed, Scene(connection: connection, now: now, hiddenAfter: nil, isChanging: true))
        }
    }
}

extension SimulatedCloud {
    fileprivate func tamper(_ subject: Subject, _ deed: Simulator.Tampering, _ scene: Scene) throws {
        var object = try existing(subject, scene)
        switch deed {
        case .stop: (object.power, object.endedAt, object.exitCode) = (.stopped, scene.now, 0)
        case .crash: (object.power, object.endedAt, object.exitCode) = (.crashed, scene.now, 137)
        case .start: (object.power, object.runningSince, object.endedAt, object.exitCode) = (.running, scene.now, nil, nil)
        case .resize(let size): object.size = size
        case .grow(let size): object.sizeGiB = size
        case .turnInsideOut: object.reachesOutside = object.reachesOutside.map { !$0 }
        case .configure(let blueprint): return try apply(.configure(blueprint), to: subject, scene)
        case .leave(let network): return try unlink(object, from: located(network, scene), scene.connection)
        case .unassign(let address): return try apply(.unassign(address: address), to: subject, scene)
        case .join(let network): return try apply(.join(network: network), to: subject, scene)
        case .remove: return try remove(object, scene.connection)
        case .mark(let installation):
            try scene.connection.execute(
                "UPDATE simulator_objects SET installation = ? WHERE workspace = ? AND mode = ? AND connection = ? AND reference = ?",
                installation, tenant.workspace, tenant.mode, account.id, object.reference)
            return
        }
        try update(object, scene.connection)
    }
}
