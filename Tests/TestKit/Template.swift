import Foundation
import Server
import Synchronization

/// An installation as it is after its setup, made once in a process for each rate limit that tests ask for, and copied for every test: the
/// migrations and the sandbox's seed take longer than most tests do.
struct Template: Sendable {
    let home: Setup.Outcome
    private let place: Place

    /// Gives a place that nothing has happened in yet the template's files, database and position in the row of countable bits.
    func copy(to target: Place) async throws {
        precondition(target.bits.used == 0 && target.clock.now == StoppedClock.start, "A place is prepared before it is used.")
        for file in try FileManager.default.contentsOfDirectory(at: place.folder, includingPropertiesForKeys: nil) {
            try FileManager.default.copyItem(at: file, to: target.folder.appendingPathComponent(file.lastPathComponent))
        }
        try await TestEngine.prepare(target, from: place)
        target.bits.used = place.bits.used
    }

    private static let made = Mutex<[Int?: Task<Template, any Error>]>([:])

    /// Made in a task of its own, as whoever asks first may be cancelled while others wait for it too.
    static func shared(rateLimit: Int?) async throws -> Template {
        try await made.withLock { made in
            if let task = made[rateLimit] { return task }
            let task = Task { try await make(rateLimit: rateLimit) }
            made[rateLimit] = task
            return task
        }.value
    }

    private static func make(rateLimit: Int?) async throws -> Template {
        _ = removal
        let place = Place(folder: folder.appendingPathComponent("template-\(UUID().uuidString)"))
        try FileManager.default.createDirectory(at: place.folder, withIntermediateDirectories: true)
        return Template(home: try await Installation.setUp(place, rateLimit: rateLimit), place: place)
    }

    private static let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cloudapi-templates-" + UUID().uuidString)
    /// They go with the process.
    private static let removal: Void = { atexit { try? FileManager.default.removeItem(at: Template.folder) } }()
}
