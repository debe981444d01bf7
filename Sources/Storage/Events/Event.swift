package import Kernel

/// Who did something, for the log.
package struct Actor: Sendable, Equatable {
    /// `user`, `key`, `token`, `client` (of OAuth), `schedule` or `system`.
    package let type: String
    package let id: String
    /// The credential it was done with; nil for the system itself.
    package let credential: String?

    package init(type: String, id: String, credential: String?) {
        self.type = type
        self.id = id
        self.credential = credential
    }

    package static func system(_ part: String) -> Actor { Actor(type: "system", id: part, credential: nil) }
}

/// Who, why and when, carried by value into every store function that changes something.
package struct Attribution: Sendable {
    package let tenant: Tenant
    package let actor: Actor
    /// The caller's address; a personal field.
    package let address: String?
    package let request: RequestID?
    package let at: Timestamp
    package let surroundings: Surroundings
    /// The trace that the request came with; nil when it came with none.
    package let trace: TraceContext?

    package init(
        tenant: Tenant, actor: Actor, address: String?, request: RequestID?, surroundings: Surroundings, trace: TraceContext? = nil
    ) {
        self.trace = trace
        self.tenant = tenant
        self.actor = actor
        self.address = address
        self.request = request
        self.at = surroundings.now()
        self.surroundings = surroundings
    }

    package func makeID<Kind: IDKind>(_ kind: Kind.Type = Kind.self) -> ID<Kind> {
        .make(at: at, random: (surroundings.random(), surroundings.random()))
    }
}

/// One change as a feature reports it. What names a person (e-mail, name, address) goes into `personal`, never into `data`.
package struct EventDraft: Sendable {
    /// `resource.action`, such as `project.created`.
    package let type: String
    /// The id of what was changed.
    package let subject: String
    package let data: JSON
    package let personal: [String: String]

    package init(_ type: String, subject: String, data: JSON = .object([]), personal: [String: String] = [:]) {
        self.type = type
        self.subject = subject
        self.data = data
        self.personal = personal
    }
}

extension EventDraft {
    /// The project it belongs to, as its data or its subject say; nil where they name none. Who may see one project only sees by this.
    package var project: ProjectID? { Self.project(of: data, subject: subject) }

    private static let projectPrefix = ProjectKind.prefix + "_"

    /// The ids that its data names as what it came of: every list in `data.cause`. They are indexed (`EventFilter.cause`).
    var causes: Set<String> {
        let lists = data["cause"]?.members?.compactMap(\.value.array) ?? []
        return Set(lists.joined().compactMap(\.string))
    }

    static func project(of data: some JSONReadable, subject: String) -> ProjectID? {
        let own = data.values(of: ["project_id", "after", "before", "scope"])
        if let named = own[0]?.string { return ProjectID(named) }
        let after = own[1]?.values(of: ["project_id", "scope"])
        let before = own[2]?.values(of: ["project_id", "scope"])
        if let named = after?[0]?.string ?? before?[0]?.string { return ProjectID(named) }
        for scope in [own[3], after?[1], before?[1]] { if let named = scope?["project_id"]?.string { return ProjectID(named) } }
        return subject.hasPrefix(projectPrefix) ? ProjectID(subject) : nil
    }
}

/// A row of the log, read back.
package struct Event: Sendable {
    package let sequence: Int64
    package let id: EventID
    package let type: String
    package let subject: String
    package let actorID: String
    package let request: RequestID?
    /// The project it belongs to, where it names one.
    package let project: ProjectID?
    package let occurredAt: Timestamp
    /// The stored row itself: RFC 8785 JSON, hashed as it is.
    package let canonical: [UInt8]
    /// The personal fields as they are stored; nil once they are erased, or when the event names nobody.
    let storedPersonal: [UInt8]?
    package let hash: [UInt8]

    /// Names and values of the personal fields that have not been erased. What cannot be read is shown as erased; verification names it.
    package var personal: [String: String] {
        Dictionary(((try? PersonalFields.read(storedPersonal)) ?? []).map { ($0.name, $0.field.value) }) { $1 }
    }

    /// The stored row as JSON: `actor`, `data` and what else stands in it. Parsed anew at each call.
    package var row: JSON {
        get throws(StorageError) {
            guard let row = try? JSONParser.parse(canonical) else { throw .corrupt("Event \(sequence) is not JSON.") }
            return row
        }
    }

    /// The same where it stands, for whoever looks at a few of its members.
    package var stored: StoredRow {
        get throws(StorageError) {
            guard let row = StoredRow(canonical) else { throw .corrupt("Event \(sequence) is not JSON.") }
            return row
        }
    }
}

struct PendingEvent {
    let draft: EventDraft
    let attribution: Attribution
    /// Whom it names was erased in the same transaction.
    var isAnonymous = false

    var personal: [String: String] {
        if isAnonymous { return [:] }
        var personal = draft.personal
        if let address = attribution.address { personal["actor.ip"] = address }
        return personal
    }
}

extension Connection {
    /// Adds an event to the log of the attribution's tenant; it commits with the transaction, or not at all.
    package func append(_ draft: EventDraft, by attribution: Attribution) {
        pendingEvents.append(PendingEvent(draft: draft, attribution: attribution))
    }
}
