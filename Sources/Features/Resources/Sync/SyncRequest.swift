// Where servers share a database one of them looks at what providers have, and any may be asked for a look. What is asked of another is told as a
// word that nobody keeps: when it is lost, the look comes in its turn, as after a crash.

import Kernel
import Provider
import Storage

/// What is to be looked at before its turn.
enum SyncRequest: Sendable, Equatable {
    /// This one, before anything else at its connection.
    case resource(ResourceID, in: SyncUnit)
    /// Everything of one kind at one connection, by then.
    case unit(SyncUnit, by: Timestamp)
    /// Which connections there are.
    case connections

    /// Without spaces, since a message between servers holds several.
    var word: String {
        switch self {
        case .resource(let id, let unit): "resource:\(unit.word):\(id)"
        case .unit(let unit, let moment): "unit:\(unit.word):\(moment.milliseconds)"
        case .connections: "connections"
        }
    }

    /// Nil for what a server of another version may say.
    init?(word: String) {
        let parts = word.split(separator: ":").map(String.init)
        if parts == ["connections"] {
            self = .connections
            return
        }
        guard parts.count == 6, let mode = Mode(rawValue: parts[2]), let kind = ResourceKind(rawValue: parts[4]) else { return nil }
        let tenant = Tenant(workspace: WorkspaceID(parts[1]), mode: mode)
        let unit = SyncUnit(tenant: tenant, connection: ConnectionID(parts[3]), kind: kind)
        switch (parts[0], Int64(parts[5])) {
        case ("resource", _): self = .resource(ResourceID(parts[5]), in: unit)
        case ("unit", let moment?): self = .unit(unit, by: Timestamp(milliseconds: moment))
        default: return nil
        }
    }
}

extension SyncUnit {
    fileprivate var word: String { "\(tenant.workspace):\(tenant.mode.rawValue):\(connection):\(kind.rawValue)" }
}

extension OperationEngine {
    /// Has it looked at, by whichever server does that. Called after the commit that gave reason to, or with a moment by which that is over.
    func look(at request: SyncRequest) {
        if store.isOnDuty { syncs.take(request) } else { store.tell(request.word) }
    }

    /// Does what another server was asked for, if this is the one that does it.
    package func hear(_ word: String) {
        if store.isOnDuty, let request = SyncRequest(word: word) { syncs.take(request) }
    }
}
