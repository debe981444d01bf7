package import Kernel

/// What an alert does by itself when it fires.
package struct AlertAction: Sendable, Equatable {
    package var kind: Kind
    /// Seconds after it was done before it is done again.
    package var cooldown: Int64 = 600
    /// Only says what it would do.
    package var isDryRun = false

    package enum Kind: Sendable, Equatable {
        /// Stops running instances: those with the labels, or what the alert is about.
        case stop(selector: String?, project: ProjectID?)
        /// Keeps anything from being made or started in the project.
        case freeze(ProjectID)
    }

    var json: JSON {
        var members: [JSON.Member]
        switch kind {
        case .stop(let selector, let project):
            members = [.init("type", "stop"), .init("selector", JSON(selector)), .init("project_id", JSON(project))]
        case .freeze(let project): members = [.init("type", "freeze"), .init("selector", .null), .init("project_id", JSON(project))]
        }
        members += [.init("cooldown", .string(TimeSpan(seconds: cooldown).text)), .init("dry_run", .bool(isDryRun))]
        return .object(members)
    }

    /// As it was stored.
    init?(_ json: JSON) {
        let project = json["project_id"]?.string.map { ProjectID($0) }
        switch (json["type"]?.string, project) {
        case ("stop", _): kind = .stop(selector: json["selector"]?.string, project: project)
        case ("freeze", let project?): kind = .freeze(project)
        default: return nil
        }
        cooldown = json["cooldown"]?.string.flatMap { TimeSpan($0) }?.seconds ?? cooldown
        isDryRun = json["dry_run"]?.bool ?? false
    }

    init(kind: Kind) { self.kind = kind }
}

/// A span of time as users write it: `90s`, `5m`, `4h`, `1d`.
struct TimeSpan: Sendable, Equatable {
    let seconds: Int64

    private static let units: [(letter: Character, seconds: Int64)] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)]

    init(seconds: Int64) { self.seconds = seconds }

    /// Nil for what is no span of at most 366 days.
    init?(_ text: String) {
        guard let unit = Self.units.first(where: { $0.letter == text.last }), let count = Int64(text.dropLast()), count >= 0,
            text.utf8.first != UInt8(ascii: "+"), count <= 366 * 86_400 / unit.seconds
        else { return nil }
        seconds = count * unit.seconds
    }

    var text: String {
        let unit = Self.units.first { seconds % $0.seconds == 0 && seconds > 0 } ?? ("s", 1)
        return "\(seconds / unit.seconds)\(unit.letter)"
    }
}
